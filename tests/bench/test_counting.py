"""The proxy that counts, before a real back end."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from bench.counting import Proxy
from bench.replaying import replaying
from local import backend

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    if not backend.PYTHON.exists():
        pytest.skip("no embedded back end here: run `make setup`")
    with (
        backend.attached(tmp_path_factory.mktemp("data")) as running,
        Proxy(running, "k=v").running() as found,
    ):
        yield found


@contextmanager
def client(proxy: Proxy, service: str, url: str = "") -> Iterator[Any]:
    opened = boto3.client(
        service,
        endpoint_url=url or proxy.url,
        region_name="us-east-1",
        aws_access_key_id="another",
        aws_secret_access_key="signs",
    )
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def table(proxy: Proxy) -> Iterator[Any]:
    names = ("pk", "sk", "gsi1pk", "gsi1sk")
    with client(proxy, "dynamodb") as found:
        _create(found, names)
        yield found


def _create(client: Any, names: tuple[str, ...]) -> None:
    client.create_table(
        TableName="table",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=_schema("pk", "sk"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": "gsi1",
                "KeySchema": _schema("gsi1pk", "gsi1sk"),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def item(sk: str, size: int = 0, **more: str) -> dict[str, Any]:
    values = {"pk": "p", "sk": sk, "text": "x" * size, **more}
    return {name: {"S": value} for name, value in values.items() if value}


def key(sk: str) -> dict[str, Any]:
    return {"pk": {"S": "p"}, "sk": {"S": sk}}


def test_what_is_written_costs_by_its_size_and_its_index(proxy: Proxy, table: Any) -> None:
    with proxy.counted() as cost:
        table.put_item(TableName="table", Item=item("plain", 1500))
        table.put_item(TableName="table", Item=item("listed", gsi1pk="a", gsi1sk="b"))

    assert [call.write_units for call in cost.calls] == [2, 2]


def test_a_transaction_costs_twice(proxy: Proxy, table: Any) -> None:
    puts = [
        {"Put": {"TableName": "table", "Item": item(f"in-transaction-{n}", 1500)}} for n in (1, 2)
    ]

    with proxy.counted() as cost:
        table.transact_write_items(TransactItems=puts)

    assert cost.figures() == {
        "calls": 1,
        "read_units": 0,
        "write_units": 8,
        "operations": {"TransactWriteItems": 1},
    }


def test_reads_cost_by_item_and_what_is_absent_too(proxy: Proxy, table: Any) -> None:
    table.put_item(TableName="table", Item=item("long", 9000))
    keys = [key("long"), key("nowhere")]

    with proxy.counted() as cost:
        table.batch_get_item(RequestItems={"table": {"Keys": keys, "ConsistentRead": True}})
        table.get_item(TableName="table", Key=key("long"))
        table.query(
            TableName="table",
            KeyConditionExpression="pk = :p",
            ExpressionAttributeValues={":p": {"S": "p"}},
            ConsistentRead=True,
        )

    assert [call.read_units for call in cost.calls[:2]] == [4, 1.5]
    assert cost.calls[2].read_units >= 3


def test_objects_pass_whole_and_are_counted(proxy: Proxy) -> None:
    content = bytes(range(256)) * 50

    with client(proxy, "s3") as s3, proxy.counted() as cost:
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="a/b c", Body=content)
        found = s3.get_object(Bucket="bucket", Key="a/b c")["Body"].read()

    assert found == content
    assert cost.figures()["operations"] == {
        "s3 PUT bucket": 1,
        "s3 PUT object": 1,
        "s3 GET object": 1,
    }


def test_signing_keys_are_handed_out(proxy: Proxy) -> None:
    with client(proxy, "ssm") as ssm, proxy.counted() as cost:
        found = ssm.get_parameter(Name="/x", WithDecryption=True)

    assert found["Parameter"]["Value"] == "k=v"
    assert json.dumps(cost.figures()["operations"]) == '{"ssm GetParameter": 1}'


def test_the_same_question_is_answered_from_memory(proxy: Proxy, table: Any) -> None:
    def text(at: Any, sk: str) -> str:
        return str(at.get_item(TableName="table", Key=key(sk))["Item"]["text"]["S"])

    table.put_item(TableName="table", Item=item("first", 3))
    table.put_item(TableName="table", Item=item("second", 100_000))
    with replaying(proxy) as url, client(proxy, "dynamodb", url) as told, proxy.counted() as cost:
        assert text(told, "first") == "xxx"
        table.put_item(TableName="table", Item=item("first", 5))
        assert text(told, "first") == "xxx"
        assert text(told, "second") == "x" * 100_000

    assert cost.figures()["operations"] == {"GetItem": 2, "PutItem": 1}
    assert text(table, "first") == "xxxxx"
