"""What the deployment creates in AWS, read from the CloudFormation template."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app import jobs
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


@pytest.fixture(scope="session")
def resources(package: Package) -> dict[str, Any]:
    return json.loads(package.template.read_text())["Resources"]


@pytest.fixture(scope="session")
def table(resources: dict[str, Any]) -> dict[str, Any]:
    return resources["Table"]["Properties"]


@pytest.fixture(scope="session")
def bucket(resources: dict[str, Any]) -> dict[str, Any]:
    return resources["Bucket"]["Properties"]


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
    assert {name: each["Type"] for name, each in resources.items()} == {
        "Bucket": "AWS::S3::Bucket",
        "BucketPolicy": "AWS::S3::BucketPolicy",
        "CatchUpPermission": "AWS::Lambda::Permission",
        "CatchUpRule": "AWS::Events::Rule",
        "HttpApi": "AWS::ApiGatewayV2::Api",
        "HttpApiIntegrationWeb": "AWS::ApiGatewayV2::Integration",
        "HttpApiRouteDefault": "AWS::ApiGatewayV2::Route",
        "HttpApiStage": "AWS::ApiGatewayV2::Stage",
        "JobsLambdaFunction": "AWS::Lambda::Function",
        "JobsLogGroup": "AWS::Logs::LogGroup",
        "JobsRole": "AWS::IAM::Role",
        "ManageLambdaFunction": "AWS::Lambda::Function",
        "ManageLogGroup": "AWS::Logs::LogGroup",
        "ManageRole": "AWS::IAM::Role",
        "ObjectsLambdaFunction": "AWS::Lambda::Function",
        "ObjectsLogGroup": "AWS::Logs::LogGroup",
        "ObjectsPermission": "AWS::Lambda::Permission",
        "ObjectsRole": "AWS::IAM::Role",
        "ObjectsRule": "AWS::Events::Rule",
        "ServerlessDeploymentBucket": "AWS::S3::Bucket",
        "ServerlessDeploymentBucketPolicy": "AWS::S3::BucketPolicy",
        "SweepPermission": "AWS::Lambda::Permission",
        "SweepRule": "AWS::Events::Rule",
        "Table": "AWS::DynamoDB::Table",
        "WebLambdaFunction": "AWS::Lambda::Function",
        "WebLogGroup": "AWS::Logs::LogGroup",
        "WebLambdaPermissionHttpApi": "AWS::Lambda::Permission",
        "WebRole": "AWS::IAM::Role",
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


@pytest.mark.parametrize("name", ["WebRole", "ObjectsRole", "JobsRole", "ManageRole"])
def test_no_role_holds_a_wildcard(resources: dict[str, Any], name: str) -> None:
    for statement in statements(resources[name]):
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        assert "*" not in listed(statement["Resource"])
        assert "NotAction" not in statement
        assert "NotResource" not in statement


def test_the_web_function_may_do_these_things_only(resources: dict[str, Any]) -> None:
    assert actions(resources["WebRole"]) == WEB_ITEMS | WEB_OBJECTS | LOGS | {"ssm:GetParameter"}


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
    assert found == {"s3:DeleteObject": files, "s3:DeleteObjectVersion": [files, pages]}


def test_the_objects_function_reaches_the_drop_prefix_and_no_signing_key(
    resources: dict[str, Any],
) -> None:
    role = resources["ObjectsRole"]

    assert actions(role) == WEB_ITEMS | LOGS | {
        "s3:AbortMultipartUpload",
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

    assert scheduled == {
        job.name: "rate(1 hour)"
        if (hours := job.every.total_seconds() / 3600) == 1
        else f"rate({hours:g} hours)"
        for job in jobs.JOBS
    }


def test_the_jobs_function_destroys_nothing_that_was_published(resources: dict[str, Any]) -> None:
    role = resources["JobsRole"]

    assert actions(role) == WEB_ITEMS | LOGS | {
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


@pytest.mark.parametrize(
    "name",
    ["WebLambdaFunction", "ObjectsLambdaFunction", "JobsLambdaFunction", "ManageLambdaFunction"],
)
def test_functions_are_given_references_and_no_secret(resources: dict[str, Any], name: str) -> None:
    properties = resources[name]["Properties"]

    assert properties["Environment"]["Variables"] == {
        "LARDER_STAGE": {"Ref": "Stage"},
        "LARDER_TABLE": {"Ref": "Table"},
        "LARDER_BUCKET": {"Ref": "Bucket"},
        "LARDER_SIGNING_KEYS": {"Fn::Sub": "ssm:/larder/${Stage}/signing-keys"},
        "STRIP_STAGE_PATH": "true",
    }
    assert (properties["Runtime"], properties["Architectures"]) == ("python3.13", ["arm64"])


def test_each_function_has_its_own_role(resources: dict[str, Any]) -> None:
    for name in ("Web", "Objects", "Jobs", "Manage"):
        role = resources[f"{name}LambdaFunction"]["Properties"]["Role"]

        assert role == {"Fn::GetAtt": [f"{name}Role", "Arn"]}


def test_every_request_reaches_the_web_function_and_none_the_manage_function(
    resources: dict[str, Any],
) -> None:
    integration = resources["HttpApiIntegrationWeb"]["Properties"]
    allowed = [each for each in resources.values() if each["Type"] == "AWS::Lambda::Permission"]

    assert resources["HttpApiRouteDefault"]["Properties"]["RouteKey"] == "$default"
    assert resources["HttpApiStage"]["Properties"]["StageName"] == "$default"
    assert integration["PayloadFormatVersion"] == "2.0"
    assert integration["IntegrationUri"] == {"Fn::GetAtt": ["WebLambdaFunction", "Arn"]}
    assert {each["Properties"]["FunctionName"]["Fn::GetAtt"][0] for each in allowed} == {
        "WebLambdaFunction",
        "ObjectsLambdaFunction",
        "JobsLambdaFunction",
    }


def test_logs_end_some_day(resources: dict[str, Any]) -> None:
    for name in ("WebLogGroup", "ObjectsLogGroup", "JobsLogGroup", "ManageLogGroup"):
        assert resources[name]["Properties"]["RetentionInDays"] == 90


def test_the_stage_is_prod_unless_another_is_named(package: Package) -> None:
    template = json.loads(package.template.read_text())

    assert template["Parameters"]["Stage"]["Default"] == "prod"


def test_the_operator_is_told_the_address_and_the_names(package: Package) -> None:
    template = json.loads(package.template.read_text())

    assert {"Url", "TableName", "BucketName"} <= set(template["Outputs"])
