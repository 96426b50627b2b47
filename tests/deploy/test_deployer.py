"""The policy that docs/guide/deploy.md gives to whoever deploys."""

import json
import subprocess
import sys
from fnmatch import fnmatchcase
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
    ("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:1:function:somebody-elses"),
)


@pytest.fixture(scope="module")
def policy() -> dict[str, Any]:
    return deployer_policy()


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def allows(policy: dict[str, Any], action: str, resource: str) -> bool:
    return any(
        any(fnmatchcase(action, each) for each in listed(statement["Action"]))
        and any(fnmatchcase(resource, each) for each in listed(statement["Resource"]))
        for statement in policy["Statement"]
    )


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
    known = {
        action.partition(":")[0]
        for statement in policy["Statement"]
        for action in listed(statement["Action"])
    }

    assert needed <= known


def test_only_what_has_no_name_is_named_by_a_star(policy: dict[str, Any]) -> None:
    stars = [each["Sid"] for each in policy["Statement"] if "*" in listed(each["Resource"])]

    assert stars == ["NoResourceToName"]


@pytest.mark.parametrize(("action", "resource"), NEVER)
def test_who_deploys_cannot(policy: dict[str, Any], action: str, resource: str) -> None:
    assert not allows(policy, action, resource)
