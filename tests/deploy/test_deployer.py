"""The policy that docs/guide/deploy.md gives to whoever deploys."""

import json
import subprocess
import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.conftest import Package
from tests.deploy.stack import deployer_policy

pytestmark = pytest.mark.deploy

# What IAM calls the services of CloudFormation's resources.
SERVICES = {
    "ApiGatewayV2": "apigateway",
    "Budgets": "budgets",
    "CertificateManager": "acm",
    "CloudWatch": "cloudwatch",
    "DynamoDB": "dynamodb",
    "Events": "events",
    "IAM": "iam",
    "Lambda": "lambda",
    "Logs": "logs",
    "Route53": "route53",
    "S3": "s3",
    "SNS": "sns",
}
# By which an index would lose what people have published, or its secrets.
NEVER = (
    ("dynamodb:DeleteTable", "arn:aws:dynamodb:us-east-1:1:table/larder-prod-Table-1"),
    ("dynamodb:DeleteItem", "arn:aws:dynamodb:us-east-1:1:table/larder-prod-Table-1"),
    ("dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:1:table/larder-prod-Table-1"),
    ("s3:DeleteBucket", "arn:aws:s3:::larder-prod-bucket-1"),
    ("s3:DeleteObject", "arn:aws:s3:::larder-prod-bucket-1/files/demo/1/demo.whl"),
    ("s3:PutObject", "arn:aws:s3:::larder-prod-bucket-1/files/demo/1/demo.whl"),
    ("ssm:GetParameter", "arn:aws:ssm:us-east-1:1:parameter/larder/prod/signing-keys"),
    ("iam:PutRolePolicy", "arn:aws:iam::1:role/admin"),
    ("iam:CreateServiceLinkedRole", "arn:aws:iam::1:role/aws-service-role/spot.amazonaws.com/x"),
    ("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:1:function:somebody-elses"),
)
# What CloudFormation's schemas name beside what this deployment needs, in lower case.
NEEDLESS = frozenset(
    {
        # Keys of one's own: all is encrypted with keys that belong to AWS.
        *("kms:*", "logs:associatekmskey", "logs:disassociatekmskey"),
        # Certificates by an authority of one's own.
        "acm-pca:*",
        # Functions in a network of one's own, or with disks; versions that take over bit by bit.
        *("ec2:describe*", "elasticfilesystem:*", "s3files:*", "lambda:passcapacityprovider"),
        "codedeploy:*",
        # Tables that begin with an import, have copies elsewhere, or tell a stream or a report what
        # happens. Much of it is a right to the items.
        *("dynamodb:importtable", "logs:createlogstream", "logs:putlogevents"),
        *("dynamodb:scan", "dynamodb:query", "dynamodb:getitem", "dynamodb:batchwriteitem"),
        *("dynamodb:putitem", "dynamodb:updateitem", "dynamodb:deleteitem"),
        *("dynamodb:associatetablereplica", "dynamodb:createtablereplica"),
        *("dynamodb:*kinesisstreamingdestination", "kinesis:*"),
        "dynamodb:updatecontributorinsights",
        # Who else may reach a table: with it the deployer could name himself.
        *("dynamodb:putresourcepolicy", "dynamodb:deleteresourcepolicy"),
        # Buckets that are copied, reported on, a website, or hold objects of others.
        *("s3:putreplicationconfiguration", "s3:putaccelerateconfiguration"),
        *("s3:putanalyticsconfiguration", "s3:putinventoryconfiguration"),
        *("s3:putmetricsconfiguration", "s3:putintelligenttieringconfiguration"),
        *("s3:*bucketmetadata*", "s3tables:*", "s3:deletebucketwebsite", "s3:putobjectacl"),
        # Policies that roles share, and limits to what a role may be given.
        *("iam:attachrolepolicy", "iam:detachrolepolicy", "iam:*rolepermissionsboundary"),
        # Logs that are indexed, sent on, written by strangers, or may not be deleted.
        *("logs:putindexpolicy", "logs:deleteindexpolicy", "firehose:tagdeliverystream"),
        *("logs:putbearertokenauthentication", "logs:putloggroupdeletionprotection"),
        "logs:deleteresourcepolicy",
        # IAM knows no such actions.
        *("s3:deletebuckettagging", "s3:deletebucketcors", "s3:deletebucketencryption"),
        *("s3:deletebucketlifecycle", "s3:deletebucketreplication"),
        *("s3:deletebucketanalyticsconfiguration", "s3:deletebucketmetricsconfiguration"),
        *("s3:putobjectlockconfiguration", "s3:getobjectmetadata", "s3:rest.put.object"),
        "lambda:associateruntimealias",
    }
)
# What is made for a domain with a zone, and what its parameter snapStart adds to the function.
OF_A_ZONE = {"AWS::CertificateManager::Certificate", "AWS::Route53::RecordSet"}
OF_SNAPSHOTS = ("AWS::Lambda::Version", "AWS::Lambda::Alias")


@pytest.fixture(scope="module")
def policy() -> dict[str, Any]:
    return deployer_policy()


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def named(action: str, patterns: Iterable[str]) -> bool:
    """Say whether patterns cover an action, whose case IAM does not look at."""
    return any(fnmatchcase(action.lower(), each.lower()) for each in patterns)


def allows(policy: dict[str, Any], action: str, resource: str) -> bool:
    return any(
        named(action, listed(statement["Action"]))
        and any(fnmatchcase(resource, each) for each in listed(statement["Resource"]))
        for statement in policy["Statement"]
    )


def actions(policy: dict[str, Any]) -> list[str]:
    return [each for statement in policy["Statement"] for each in listed(statement["Action"])]


@pytest.fixture(scope="module")
def needed(package: Package) -> dict[str, set[str]]:
    """Return what CloudFormation does, by its own schemas, for the resources of each type.

    It does so with the rights of the deployer. The tag of the stack makes it tag everything.
    """
    schemas = files("cfnlint") / "data" / "schemas"
    names = json.loads((schemas / "providers" / "us-east-1.json").read_text())
    found: dict[str, set[str]] = {}
    resources = json.loads(package.template.read_text())["Resources"].values()
    for each in (*resources, *({"Type": name} for name in OF_SNAPSHOTS)):
        file = schemas / "resources" / f"{names[each['Type']]}.json"
        schema = json.loads(file.read_text())
        done = ["create", "read", "update"]
        if each.get("DeletionPolicy") != "Retain":
            done.append("delete")
        handlers = [schema["handlers"][name] for name in done if name in schema["handlers"]]
        for part in (schema.get("tagging", {}), *handlers):
            found.setdefault(each["Type"], set()).update(part.get("permissions", []))
    return found


def test_every_action_and_every_arn_of_it_exists(policy: dict[str, Any], tmp_path: Path) -> None:
    properties = {"PolicyDocument": policy}
    resource = {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}
    template = tmp_path / "deployer.json"
    template.write_text(json.dumps({"Resources": {"Deployer": resource}}))

    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "-c", "I3510", "-t", template],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "")


def test_it_is_short_enough_for_a_managed_policy(policy: dict[str, Any]) -> None:
    assert len(json.dumps(policy, separators=(",", ":"))) <= 6144


def test_it_knows_every_service_that_the_deployment_has_resources_of(
    policy: dict[str, Any], package: Package
) -> None:
    resources = json.loads(package.template.read_text())["Resources"].values()
    needed = {SERVICES[each["Type"].split("::")[1]] for each in resources}

    assert needed <= {action.partition(":")[0] for action in actions(policy)}


def test_cloudformation_may_make_tag_change_and_delete_everything_it_has_to(
    policy: dict[str, Any], needed: dict[str, set[str]]
) -> None:
    may = [*actions(policy), *NEEDLESS]

    assert {
        name: missing
        for name, each in needed.items()
        if (missing := sorted(action for action in each if not named(action, may)))
    } == {}


def test_nothing_is_called_needless_that_is_allowed_or_not_named(
    policy: dict[str, Any], needed: dict[str, set[str]]
) -> None:
    lacking = [
        action for each in needed.values() for action in each if not named(action, actions(policy))
    ]

    assert [each for each in NEEDLESS if not any(named(one, [each]) for one in lacking)] == []


def test_without_the_last_statement_all_is_allowed_but_a_zone(
    policy: dict[str, Any], needed: dict[str, set[str]]
) -> None:
    without = {"Statement": policy["Statement"][:-1]}
    may = [*actions(without), *NEEDLESS]
    role = "role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway"

    lacking = {
        name for name, each in needed.items() if not all(named(action, may) for action in each)
    }
    assert lacking == OF_A_ZONE
    assert allows(without, "iam:CreateServiceLinkedRole", f"arn:aws:iam::1:{role}")


def test_only_what_has_no_name_is_named_by_a_star(policy: dict[str, Any]) -> None:
    stars = [each["Sid"] for each in policy["Statement"] if "*" in listed(each["Resource"])]

    assert stars == ["NoResourceToName"]


@pytest.mark.parametrize(("action", "resource"), NEVER)
def test_who_deploys_cannot(policy: dict[str, Any], action: str, resource: str) -> None:
    assert not allows(policy, action, resource)
