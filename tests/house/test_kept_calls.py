"""The zip describes exactly those calls of AWS that the application makes."""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.loaders import Loader
from botocore.model import OperationModel, Shape
from botocore.session import Session

from sls.amazon_roots import AMAZON_ROOTS, amazon_roots
from sls.slim_botocore import OPERATIONS, PARTITIONS, slim

ROOT = Path(__file__).parents[2]
STORE = ROOT / "app" / "store"
BOTOCORE = Path(botocore.__file__).parent
# PynamoDB calls DynamoDB, in words of its own.
SPELLED_OUT = sorted(set(OPERATIONS) - {"dynamodb"})
KEPT = [(service, name) for service, names in OPERATIONS.items() for name in names]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return botocore's descriptions as they are in the zip."""
    folder = tmp_path_factory.mktemp("botocore") / "data"
    kept = {*OPERATIONS, "sts"}
    shutil.copytree(
        BOTOCORE / "data",
        folder,
        ignore=lambda _, names: [n for n in names if n.isalnum() and n not in kept],
    )
    slim(folder)
    return folder


@pytest.fixture(scope="module")
def slimmed(data: Path) -> Session:
    class SlimLoader(Loader):
        BUILTIN_DATA_PATH = str(data)

    session = botocore.session.get_session()
    session.register_component("data_loader", SlimLoader())
    session.set_credentials("id", "secret")
    return session


@pytest.fixture(scope="module")
def whole() -> Session:
    session = botocore.session.get_session()
    session.set_credentials("id", "secret")
    return session


def named_in_app(whole: Session) -> set[tuple[str, str]]:
    """Return the operations that the store, which alone speaks to AWS, names as the SDK does."""
    operations = {
        xform_name(name): (service, name)
        for service in OPERATIONS
        for name in whole.get_service_model(service).operation_names
    }
    words = {word for path in STORE.glob("*.py") for word in called(path)}
    return {operations[word] for word in words & set(operations)}


def called(path: Path) -> Iterator[str]:
    """Yield what is called by its name, or by a text as in `get_paginator("list_parts")`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr
            yield from (a.value for a in node.args[:1] if is_text(a))


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def outline(shape: Shape | None, seen: tuple[str, ...] = ()) -> Any:
    """Return all that a shape says to the SDK; shapes of DynamoDB hold themselves."""
    if shape is None or shape.name in seen:
        return shape and shape.name
    within = {
        name: outline(getattr(shape, name), (*seen, shape.name))
        for name in ("member", "key", "value")
        if isinstance(getattr(shape, name, None), Shape)
    }
    for name, member in getattr(shape, "members", {}).items():
        within[f"members.{name}"] = outline(member, (*seen, shape.name))
    return (shape.name, shape.type_name, shape.serialization, shape.metadata, within)


def told(operation: OperationModel) -> Any:
    shapes = (operation.input_shape, operation.output_shape, *operation.error_shapes)
    return (operation.http, operation.auth_type, [outline(each) for each in shapes])


def test_every_call_that_the_application_names_is_kept(whole: Session) -> None:
    assert named_in_app(whole) <= set(KEPT)


def test_nothing_is_kept_that_the_application_does_not_call(whole: Session) -> None:
    kept = {(service, name) for service, name in KEPT if service in SPELLED_OUT}

    assert kept <= named_in_app(whole)


def test_the_application_waits_for_nothing_through_botocore() -> None:
    assert "get_waiter" not in {word for path in STORE.glob("*.py") for word in called(path)}


@pytest.mark.parametrize(("service", "name"), KEPT)
def test_what_is_kept_of_a_call_says_the_same_as_the_whole(
    slimmed: Session, whole: Session, service: str, name: str
) -> None:
    kept = slimmed.get_service_model(service).operation_model(name)

    assert told(kept) == told(whole.get_service_model(service).operation_model(name))


@pytest.mark.parametrize("service", OPERATIONS)
def test_of_a_service_nothing_else_is_kept(slimmed: Session, service: str) -> None:
    assert set(slimmed.get_service_model(service).operation_names) == set(OPERATIONS[service])


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1", "cn-north-1", "us-gov-west-1"])
@pytest.mark.parametrize("service", OPERATIONS)
def test_clients_ask_where_they_would_have_asked(
    slimmed: Session, whole: Session, service: str, region: str
) -> None:
    few, all_ = (s.create_client(service, region_name=region) for s in (slimmed, whole))

    assert few.meta.endpoint_url == all_.meta.endpoint_url
    assert few.meta.partition == all_.meta.partition
    assert few.meta.partition in PARTITIONS


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1", "cn-north-1"])
def test_a_signed_link_is_the_same(slimmed: Session, whole: Session, region: str) -> None:
    def link(session: Session) -> str:
        client = session.create_client(
            "s3", region_name=region, config=Config(signature_version="s3v4")
        )
        asked = {"Bucket": "larder", "Key": "files/a/1/a.whl", "VersionId": "1"}
        link = str(client.generate_presigned_url("get_object", asked))
        return re.sub("X-Amz-(Date|Signature)=[^&]+", "", link)

    assert link(slimmed) == link(whole)


@pytest.mark.parametrize(("service", "name"), KEPT)
def test_lists_are_paged_as_before(
    slimmed: Session, whole: Session, service: str, name: str
) -> None:
    def paging(session: Session) -> Any:
        try:
            return session.get_paginator_model(service).get_paginator(name)
        except ValueError:
            return None

    assert paging(slimmed) == paging(whole)


def test_what_is_read_at_each_start_is_small(data: Path) -> None:
    files = [each for each in data.rglob("*") if each.is_file()]

    assert sum(each.stat().st_size for each in files) < 500_000
    assert not [each for each in files if each.suffix == ".gz"]


def test_a_call_of_the_application_that_is_not_kept_fails_the_test(whole: Session) -> None:
    client = whole.create_client("dynamodb", region_name="us-east-1")
    new = compile("client.list_tables()", STORE / "new.py", "exec")

    with pytest.raises(AssertionError, match="ListTables of dynamodb is missing"):
        exec(new, {"client": client})  # noqa: S102 - as if it stood there


def test_the_authorities_of_awss_hosts_are_found_in_botocores_bundle() -> None:
    found = amazon_roots((BOTOCORE / "cacert.pem").read_text())

    assert found.count("BEGIN CERTIFICATE") == len(AMAZON_ROOTS) == 5


@pytest.mark.parametrize("count", [0, 2])
def test_an_authority_that_is_missing_or_twice_there_stops_the_packaging(count: int) -> None:
    bundle = amazon_roots((BOTOCORE / "cacert.pem").read_text())
    first, end, rest = bundle.partition("-----END CERTIFICATE-----\n")

    with pytest.raises(ValueError, match="Amazon Root CA 1"):
        amazon_roots((first + end) * count + rest)
