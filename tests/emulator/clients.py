"""Clients of the embedded back end, and the table and bucket that its tests use."""

from typing import Any

import boto3
from botocore.config import Config

from local.backend import Backend

TABLE = "things"
BUCKET = "files"
# One for all: reading the models of the services takes longer than most tests.
SESSION = boto3.session.Session()


def client(service: str, found: Backend, **keys: str) -> Any:
    """Return a client that never tries twice; with ``access_key`` or ``secret_key`` instead."""
    return SESSION.client(
        service,
        endpoint_url=found.endpoint,
        region_name=found.region,
        aws_access_key_id=keys.get("access_key", found.access_key),
        aws_secret_access_key=keys.get("secret_key", found.secret_key),
        config=Config(
            signature_version="s3v4" if service == "s3" else None,
            retries={"total_max_attempts": 1},
        ),
    )


def text(value: str) -> dict[str, str]:
    return {"S": value}


def make_table(dynamodb: Any) -> None:
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "gsi1", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "gsi1",
                "KeySchema": [{"AttributeName": "gsi1", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def make_bucket(s3: Any) -> None:
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})


def scan(dynamodb: Any) -> dict[str, dict[str, Any]]:
    pages = dynamodb.get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
    return {item["pk"]["S"]: item for page in pages for item in page["Items"]}
