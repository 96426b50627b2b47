"""What the deployment creates in AWS, read from the CloudFormation template."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app import jobs
from app.store.stores import Stores
from tests.deploy.conftest import Package

pytestmark = pytest.mark.deploy

WEB_ITEMS = {
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
}
WEB_OBJECTS = {
    "s3:AbortMultipartUpload",
    "s3:ListBucket",
    "s3:ListMultipartUploadParts",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
}
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
# X-Ray knows no resource that a policy could name; nothing else may be done to "*".
ANYWHERE = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
ALWAYS = LOGS | ANYWHERE

CALLERS = ("CatchUpRule", "HttpApi", "ObjectsRule", "SweepRule", "VerifyRule", "WebsocketsApi")
FUNCTIONS = ("Jobs", "Live", "Manage", "Objects", "Web")
PUBLIC_URL = {
    "Fn::If": [
        "HasDomain",
        {"Fn::Sub": "https://${Domain}"},
        {"Fn::Sub": "https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"},
    ]
}


@pytest.fixture(scope="session")
def template(package: Package) -> dict[str, Any]:
    return json.loads(package.template.read_text())


@pytest.fixture(scope="session")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    return template["Resources"]


@pytest.fixture(scope="session")
def table(resources: dict[str, Any]) -> dict[str, Any]:
    return resources["Table"]["Properties"]


@pytest.fixture(scope="session")
def bucket(resources: dict[str, Any]) -> dict[str, Any]:
    return resources["Bucket"]["Properties"]


def made(template: dict[str, Any], **parameters: Any) -> set[str]:
    """Return the names of the resources that a stack with these parameters has."""
    values = {name: each["Default"] for name, each in template["Parameters"].items()} | parameters

    def holds(part: Any) -> bool:
        match part:
            case {"Fn::Equals": [{"Ref": name}, value]}:
                found = values[name] == value
            case {"Fn::Not": [one]}:
                found = not holds(one)
            case {"Fn::And": parts}:
                found = all(map(holds, parts))
            case {"Fn::Or": parts}:
                found = any(map(holds, parts))
            case {"Condition": name}:
                found = holds(template["Conditions"][name])
        return found

    return {
        name
        for name, each in template["Resources"].items()
        if "Condition" not in each or holds({"Condition": each["Condition"]})
    }


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    policies = role["Properties"]["Policies"]
    return [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def actions(role: dict[str, Any]) -> set[str]:
    return {action for each in statements(role) for action in listed(each["Action"])}


def test_the_linter_has_nothing_to_say(package: Package) -> None:
    linter = Path(sys.executable).with_name("cfn-lint")

    # W3005: the packager writes dependencies that its references imply already.
    done = subprocess.run(
        [linter, "-i", "W3005", "-r", "us-east-1", "-t", package.template],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "")


def test_there_are_these_resources_and_no_others(resources: dict[str, Any]) -> None:
    # The name of this one ends with a digest of the API.
    found = {re.sub("^(WebsocketsDeployment)(?!Stage$).*", r"\1", name) for name in resources}
    alarms = {name for name in resources if resources[name]["Type"] == "AWS::CloudWatch::Alarm"}
    types = {name: resources[name]["Type"] for name in found & set(resources)}

    assert len(found) == len(resources)
    assert types | {"WebsocketsDeployment": "AWS::ApiGatewayV2::Deployment"} == {
        "AlarmMail": "AWS::SNS::Subscription",
        "Alarms": "AWS::SNS::Topic",
        "AttestationsLambdaLayer": "AWS::Lambda::LayerVersion",
        "Bucket": "AWS::S3::Bucket",
        "BucketPolicy": "AWS::S3::BucketPolicy",
        "CatchUpPermission": "AWS::Lambda::Permission",
        "CatchUpRule": "AWS::Events::Rule",
        "DomainCertificate": "AWS::CertificateManager::Certificate",
        "DomainMapping": "AWS::ApiGatewayV2::ApiMapping",
        "DomainName": "AWS::ApiGatewayV2::DomainName",
        "DomainRecord": "AWS::Route53::RecordSet",
        "HttpApi": "AWS::ApiGatewayV2::Api",
        "HttpApiIntegrationWeb": "AWS::ApiGatewayV2::Integration",
        "HttpApiLogGroup": "AWS::Logs::LogGroup",
        "HttpApiRouteDefault": "AWS::ApiGatewayV2::Route",
        "HttpApiStage": "AWS::ApiGatewayV2::Stage",
        "JobsLambdaEvConf": "AWS::Lambda::EventInvokeConfig",
        "LiveLambdaPermissionWebsockets": "AWS::Lambda::Permission",
        "LiveWebsocketsIntegration": "AWS::ApiGatewayV2::Integration",
        "MonthlyBudget": "AWS::Budgets::Budget",
        "ObjectsPermission": "AWS::Lambda::Permission",
        "ObjectsRule": "AWS::Events::Rule",
        "SconnectWebsocketsRoute": "AWS::ApiGatewayV2::Route",
        "SdefaultWebsocketsRoute": "AWS::ApiGatewayV2::Route",
        "SdisconnectWebsocketsRoute": "AWS::ApiGatewayV2::Route",
        "ServerlessDeploymentBucket": "AWS::S3::Bucket",
        "ServerlessDeploymentBucketPolicy": "AWS::S3::BucketPolicy",
        "SweepPermission": "AWS::Lambda::Permission",
        "SweepRule": "AWS::Events::Rule",
        "Table": "AWS::DynamoDB::Table",
        "VerifyPermission": "AWS::Lambda::Permission",
        "VerifyRule": "AWS::Events::Rule",
        "WebLambdaPermissionHttpApi": "AWS::Lambda::Permission",
        "WebsocketsApi": "AWS::ApiGatewayV2::Api",
        "WebsocketsDeployment": "AWS::ApiGatewayV2::Deployment",
        "WebsocketsDeploymentStage": "AWS::ApiGatewayV2::Stage",
        **{f"{name}LambdaFunction": "AWS::Lambda::Function" for name in FUNCTIONS},
        **{f"{name}LogGroup": "AWS::Logs::LogGroup" for name in FUNCTIONS},
        **{f"{name}Role": "AWS::IAM::Role" for name in FUNCTIONS},
        **dict.fromkeys(alarms, "AWS::CloudWatch::Alarm"),
    }


@pytest.mark.parametrize("name", ["Table", "Bucket", "BucketPolicy"])
def test_data_outlives_the_stack(resources: dict[str, Any], name: str) -> None:
    assert resources[name]["DeletionPolicy"] == "Retain"
    assert resources[name]["UpdateReplacePolicy"] == "Retain"


def test_the_table_can_be_restored_and_not_deleted_by_mistake(table: dict[str, Any]) -> None:
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"] is True


def test_the_table_has_the_keys_the_index_and_the_expiry_of_the_data_model(
    table: dict[str, Any],
) -> None:
    index = table["GlobalSecondaryIndexes"][0]

    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    assert (index["IndexName"], index["Projection"]) == ("gsi1", {"ProjectionType": "ALL"})
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["gsi1pk", "gsi1sk"]
    assert {each["AttributeType"] for each in table["AttributeDefinitions"]} == {"S"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize(("name", "property_"), [("Table", "TableName"), ("Bucket", "BucketName")])
def test_names_are_left_to_cloudformation(
    resources: dict[str, Any], name: str, property_: str
) -> None:
    assert property_ not in resources[name]["Properties"]


def test_nothing_in_the_bucket_can_become_public(bucket: dict[str, Any]) -> None:
    block = bucket["PublicAccessBlockConfiguration"]

    assert len(block) == 4
    assert all(value is True for value in block.values())


def test_the_bucket_keeps_versions_encrypted_and_tidies_up(bucket: dict[str, Any]) -> None:
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]

    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {
        "Id": "clean",
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
    }


def test_the_bucket_refuses_plain_http(resources: dict[str, Any]) -> None:
    (statement,) = resources["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_role_holds_a_wildcard(resources: dict[str, Any], name: str) -> None:
    for statement in statements(resources[f"{name}Role"]):
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        assert "*" not in listed(statement["Resource"]) or set(statement["Action"]) <= ANYWHERE
        assert "NotAction" not in statement
        assert "NotResource" not in statement


def test_these_roles_alone_may_write_items(resources: dict[str, Any]) -> None:
    """A file is one of them; whoever only looks or answers has no part in it."""
    writes = {"dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
    may = {name for name in FUNCTIONS if actions(resources[f"{name}Role"]) & writes}

    assert may == {"Jobs", "Manage", "Objects", "Web"}


def test_versions_of_files_and_metadata_are_destroyed_by_nobody(
    resources: dict[str, Any],
) -> None:
    """What was published is found again, whatever the index has done by mistake."""
    may = {
        name: sorted(
            resource["Fn::Sub"]
            for each in statements(resources[f"{name}Role"])
            if "s3:DeleteObjectVersion" in listed(each["Action"])
            for resource in listed(each["Resource"])
        )
        for name in FUNCTIONS
    }

    drop, pages = (f"${{Bucket.Arn}}/{prefix}/*" for prefix in ("drop", "pages"))
    assert may == {
        "Jobs": [drop, pages],
        "Live": [],
        "Manage": [drop, pages],
        "Objects": [drop, pages],
        "Web": [pages],
    }


def test_the_live_function_may_answer_and_nothing_more(resources: dict[str, Any]) -> None:
    role = resources["LiveRole"]

    assert actions(role) == ALWAYS | {"execute-api:ManageConnections"}
    assert "/POST/@connections/*" in json.dumps(role)


def test_the_web_function_may_do_these_things_only(resources: dict[str, Any]) -> None:
    assert actions(resources["WebRole"]) == WEB_ITEMS | WEB_OBJECTS | ALWAYS | {"ssm:GetParameter"}


def test_the_web_function_deletes_nothing_but_files_and_pages(
    resources: dict[str, Any],
) -> None:
    found = {
        action: each["Resource"]
        for each in statements(resources["WebRole"])
        for action in listed(each["Action"])
        if action.startswith("s3:Delete")
    }

    files, pages = ({"Fn::Sub": f"${{Bucket.Arn}}/{prefix}/*"} for prefix in ("files", "pages"))
    # A file that its owner deletes only becomes an old version.
    assert found == {"s3:DeleteObject": files, "s3:DeleteObjectVersion": pages}


def test_the_objects_function_reaches_the_drop_prefix_and_no_signing_key(
    resources: dict[str, Any],
) -> None:
    role = resources["ObjectsRole"]

    assert actions(role) == WEB_ITEMS | ALWAYS | {
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "s3:PutObject",
    }
    assert "/drop/*" in json.dumps(role)
    assert "/drop/*" not in json.dumps(resources["WebRole"])


def test_the_objects_function_hears_of_large_uploads_and_drops_in_this_bucket_only(
    resources: dict[str, Any], bucket: dict[str, Any]
) -> None:
    pattern = resources["ObjectsRule"]["Properties"]["EventPattern"]

    assert bucket["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }
    assert pattern["detail"]["bucket"] == {"name": [{"Ref": "Bucket"}]}
    assert pattern["detail"]["object"]["key"] == [
        {"wildcard": "files/*/session-*"},
        {"prefix": "drop/"},
    ]
    assert resources["ObjectsPermission"]["Properties"]["SourceArn"] == {
        "Fn::GetAtt": ["ObjectsRule", "Arn"]
    }


def test_every_job_is_on_schedule_at_its_own_rate(resources: dict[str, Any]) -> None:
    rules = [each["Properties"] for each in resources.values() if "Rule" in each["Type"]]
    scheduled = {
        json.loads(rule["Targets"][0]["Input"])["job"]: rule["ScheduleExpression"]
        for rule in rules
        if "ScheduleExpression" in rule
    }

    assert scheduled == {job.name: rate(job.every) for job in jobs.JOBS}


def test_a_job_that_fails_waits_for_its_next_turn(resources: dict[str, Any]) -> None:
    """It has done what can be done; to do it twice more would hide what the first run found."""
    properties = resources["JobsLambdaEvConf"]["Properties"]
    assert properties["MaximumRetryAttempts"] == 0
    assert properties["FunctionName"] == {"Ref": "JobsLambdaFunction"}


def rate(every: timedelta) -> str:
    """Return how EventBridge writes it."""
    number, unit = (every.days, "day") if every.days else (every.seconds // 3600, "hour")
    return f"rate({number} {unit}{'s' if number > 1 else ''})"


def test_the_jobs_function_destroys_nothing_that_was_published(resources: dict[str, Any]) -> None:
    role = resources["JobsRole"]

    assert actions(role) == WEB_ITEMS | ALWAYS | {
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "s3:PutObject",
    }


def test_only_the_manage_function_changes_settings_or_makes_keys(
    resources: dict[str, Any],
) -> None:
    more = actions(resources["ManageRole"]) - actions(resources["WebRole"])

    assert {"ssm:PutParameter", "dynamodb:UpdateTimeToLive", "s3:ListBucketVersions"} <= more
    assert not [action for action in more if "Policy" in action or action.startswith("iam:")]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_given_references_and_no_secret(resources: dict[str, Any], name: str) -> None:
    properties = resources[f"{name}LambdaFunction"]["Properties"]
    answers = "https://${WebsocketsApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/prod"
    more = {"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": {"Fn::Sub": answers}}

    assert properties["Environment"]["Variables"] == {
        "LARDER_STAGE": {"Ref": "Stage"},
        "LARDER_TABLE": {"Ref": "Table"},
        "LARDER_BUCKET": {"Ref": "Bucket"},
        "LARDER_PUBLIC_URL": PUBLIC_URL,
        "LARDER_SIGNING_KEYS": {"Fn::Sub": "ssm:/larder/${Stage}/signing-keys"},
        "STRIP_STAGE_PATH": "true",
        **(more if name == "Live" else {}),
    }
    assert (properties["Runtime"], properties["Architectures"]) == ("python3.13", ["arm64"])
    assert properties["TracingConfig"] == {"Mode": "Active"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_its_own_role(resources: dict[str, Any], name: str) -> None:
    role = resources[f"{name}LambdaFunction"]["Properties"]["Role"]

    assert role == {"Fn::GetAtt": [f"{name}Role", "Arn"]}


def test_every_request_reaches_the_web_function_and_none_the_manage_function(
    resources: dict[str, Any],
) -> None:
    integration = resources["HttpApiIntegrationWeb"]["Properties"]

    assert resources["HttpApiRouteDefault"]["Properties"]["RouteKey"] == "$default"
    assert resources["HttpApiStage"]["Properties"]["StageName"] == "$default"
    assert integration["PayloadFormatVersion"] == "2.0"
    assert integration["IntegrationUri"] == {"Fn::GetAtt": ["WebLambdaFunction", "Arn"]}


def test_each_function_is_called_by_its_own_events_and_manage_by_none(
    resources: dict[str, Any],
) -> None:
    """Without the ARN of the caller anybody's API or rule, in any account, could call it."""
    allowed = [
        each["Properties"]
        for each in resources.values()
        if each["Type"] == "AWS::Lambda::Permission"
    ]
    callers = [
        (each["FunctionName"]["Fn::GetAtt"][0].removesuffix("LambdaFunction"), caller)
        for each in allowed
        for caller in CALLERS
        if caller in json.dumps(each["SourceArn"])
    ]

    assert sorted(callers) == [
        ("Jobs", "CatchUpRule"),
        ("Jobs", "SweepRule"),
        ("Jobs", "VerifyRule"),
        ("Live", "WebsocketsApi"),
        ("Objects", "ObjectsRule"),
        ("Web", "HttpApi"),
    ]
    assert len(allowed) == len(callers)


def test_every_message_of_a_web_socket_reaches_the_live_function(resources: dict[str, Any]) -> None:
    routes = [
        each["Properties"]
        for name, each in resources.items()
        if name.endswith("WebsocketsRoute") and each["Type"] == "AWS::ApiGatewayV2::Route"
    ]

    assert {each["RouteKey"] for each in routes} == {"$connect", "$default", "$disconnect"}
    assert "LiveWebsocketsIntegration" in json.dumps([each["Target"] for each in routes])


def test_clients_share_a_limit_of_requests(resources: dict[str, Any]) -> None:
    limits = {
        name: resources[name]["Properties"]["DefaultRouteSettings"]
        for name in ("HttpApiStage", "WebsocketsDeploymentStage")
    }

    assert limits == {
        "HttpApiStage": {"ThrottlingRateLimit": 1000, "ThrottlingBurstLimit": 1000},
        "WebsocketsDeploymentStage": {"ThrottlingRateLimit": 100, "ThrottlingBurstLimit": 100},
    }


def test_the_access_log_holds_nothing_that_may_hold_a_secret(resources: dict[str, Any]) -> None:
    settings = resources["HttpApiStage"]["Properties"]["AccessLogSettings"]
    line = json.loads(settings["Format"])

    assert set(line.values()) == {
        "$context.error.responseType",
        "$context.httpMethod",
        "$context.identity.sourceIp",
        "$context.integration.requestId",
        "$context.requestId",
        "$context.requestTime",
        "$context.responseLatency",
        "$context.responseLength",
        "$context.status",
    }
    assert settings["DestinationArn"] == {"Fn::GetAtt": ["HttpApiLogGroup", "Arn"]}


WATCHED = {
    "JobsErrors": ("AWS/Lambda", "Errors", "JobsLambdaFunction"),
    "JobsThrottles": ("AWS/Lambda", "Throttles", "JobsLambdaFunction"),
    "LiveErrors": ("AWS/Lambda", "Errors", "LiveLambdaFunction"),
    "ObjectsErrors": ("AWS/Lambda", "Errors", "ObjectsLambdaFunction"),
    "ObjectsThrottles": ("AWS/Lambda", "Throttles", "ObjectsLambdaFunction"),
    "ReadThrottles": ("AWS/DynamoDB", "ReadThrottleEvents", "Table"),
    "ServerErrors": ("AWS/ApiGateway", "5xx", "HttpApi"),
    "WebErrors": ("AWS/Lambda", "Errors", "WebLambdaFunction"),
    "WebThrottles": ("AWS/Lambda", "Throttles", "WebLambdaFunction"),
    "WriteThrottles": ("AWS/DynamoDB", "WriteThrottleEvents", "Table"),
}


def test_every_fault_and_every_limit_raises_an_alarm(resources: dict[str, Any]) -> None:
    alarms = {
        name: each["Properties"]
        for name, each in resources.items()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    }
    watched = {
        name: (each["Namespace"], each["MetricName"], each["Dimensions"][0]["Value"]["Ref"])
        for name, each in alarms.items()
    }

    assert watched == WATCHED
    for each in alarms.values():
        assert each["AlarmActions"] == [{"Ref": "Alarms"}]
        assert (each["Statistic"], each["Threshold"], each["Period"]) == ("Sum", 1, 300)
        assert each["TreatMissingData"] == "notBreaching"


OPTIONAL = {
    "AlarmMail",
    "DomainCertificate",
    "DomainMapping",
    "DomainName",
    "DomainRecord",
    "MonthlyBudget",
}


@pytest.mark.parametrize(
    ("parameters", "more"),
    [
        ({}, set()),
        ({"Budget": 20}, set()),  # there is nobody to tell
        ({"AlarmAddress": "a@example.com"}, {"AlarmMail"}),
        ({"AlarmAddress": "a@example.com", "Budget": 20}, {"AlarmMail", "MonthlyBudget"}),
        ({"Domain": "example.com"}, set()),
        ({"Certificate": "arn"}, set()),
        ({"Zone": "Z1"}, set()),
        ({"Domain": "example.com", "Certificate": "arn"}, {"DomainMapping", "DomainName"}),
        (
            {"Domain": "example.com", "Zone": "Z1"},
            {"DomainCertificate", "DomainMapping", "DomainName", "DomainRecord"},
        ),
        (
            {"Domain": "example.com", "Zone": "Z1", "Certificate": "arn"},
            {"DomainMapping", "DomainName", "DomainRecord"},
        ),
    ],
)
def test_mail_budget_and_domain_are_made_where_they_are_asked_for(
    template: dict[str, Any], parameters: dict[str, Any], more: set[str]
) -> None:
    assert made(template, **parameters) & OPTIONAL == more


def test_a_domain_of_its_own_is_the_only_address(resources: dict[str, Any]) -> None:
    disabled = resources["HttpApi"]["Properties"]["DisableExecuteApiEndpoint"]

    assert disabled == {"Fn::If": ["ServesDomain", True, False]}


def test_only_pages_of_the_index_itself_may_reach_into_the_bucket(bucket: dict[str, Any]) -> None:
    (rule,) = bucket["CorsConfiguration"]["CorsRules"]

    assert rule["AllowedOrigins"] == [PUBLIC_URL]
    assert rule["AllowedMethods"] == ["GET", "PUT"]


def test_a_page_may_send_every_header_that_a_link_wants(
    bucket: dict[str, Any], opened: Stores
) -> None:
    now = datetime.now(UTC)
    link = opened.incoming.link("files/demo", size=1, sha256="00" * 32, now=now)
    (rule,) = bucket["CorsConfiguration"]["CorsRules"]

    # Browsers send the length by themselves, and let no page choose it.
    wanted = {name.lower() for name in link.headers} - {"content-length"}
    assert set(rule["AllowedHeaders"]) == wanted


def test_stages_do_not_meet(template: dict[str, Any]) -> None:
    """Every name that is not CloudFormation's choice has the stage in it."""
    names = {
        (name, key): value
        for name, each in template["Resources"].items()
        for key, value in each.get("Properties", {}).items()
        if key.endswith("Name") and isinstance(value, str)
        if key not in {"MetricName", "StageName"}
    }
    exports = [each["Export"]["Name"] for each in template["Outputs"].values() if "Export" in each]

    assert len(names) > 10
    assert not [value for value in (*names.values(), *exports) if "prod" not in value]


def test_logs_end_some_day(resources: dict[str, Any]) -> None:
    groups = [each for each in resources.values() if each["Type"] == "AWS::Logs::LogGroup"]

    assert len(groups) == len(FUNCTIONS) + 1
    assert {each["Properties"]["RetentionInDays"] for each in groups} == {90}


def test_the_stage_is_prod_unless_another_is_named(template: dict[str, Any]) -> None:
    assert template["Parameters"]["Stage"]["Default"] == "prod"


def test_the_operator_is_told_the_address_and_the_names(template: dict[str, Any]) -> None:
    assert template["Outputs"]["Url"]["Value"] == PUBLIC_URL
    assert {"TableName", "BucketName"} <= set(template["Outputs"])
