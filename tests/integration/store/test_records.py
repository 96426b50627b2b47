"""Items as our reader reads them, held against PynamoDB's reading of the same ones."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.names import NormalizedName
from app.models.account import AccountItem
from app.models.base import LarderItem
from app.models.dist_file import FileItem
from app.models.head import HeadItem, PageRefMap
from app.models.metadata import MetadataItem
from app.models.token import TokenItem
from app.store import keys, records
from app.store.accounts import account_record
from app.store.files import file_record
from app.store.metadata import metadata_record
from app.store.pages import head_record
from app.store.tokens import token_record

PROJECT = NormalizedName("larder-demo")
PARTITION = keys.project(PROJECT)

words = st.text(st.characters(codec="utf-8"), max_size=12)
moments = st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1))  # noqa: DTZ001
# A TTL counts whole seconds, and DynamoDB knows none before 1970.
seconds = moments.map(lambda moment: moment.replace(microsecond=0))
numbers = st.integers(0, 10**15)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def sent(item: LarderItem) -> tuple[Any, dict[str, Any]]:
    """Return an item as PynamoDB and as we read what DynamoDB would send of it."""
    raw = item.serialize()
    return LarderItem.from_raw_data(raw), records.plain(_as_json(raw))


def _as_json(raw: Any) -> Any:
    """Return what botocore takes for an item in the JSON that it makes of it."""
    if isinstance(raw, bytes):
        return base64.b64encode(raw).decode()
    if isinstance(raw, dict):
        return {key: _as_json(value) for key, value in raw.items()}
    return raw


@given(
    permissions=st.sets(st.sampled_from(["read", "upload", "manage", "admin"]), min_size=1),
    projects=maybe(st.sets(words.filter(bool), min_size=1)),
    expires=maybe(seconds),
    revoked=maybe(moments),
    created=moments,
    label=words,
)
def test_a_token(  # noqa: PLR0917
    permissions: set[str], projects: Any, expires: Any, revoked: Any, created: Any, label: str
) -> None:
    item = TokenItem(
        keys.token("abc"),
        keys.TOKEN,
        account="ada",
        label=label,
        permissions=permissions,
        projects=projects,
        created_at=created,
        expires_at=expires,
        revoked_at=revoked,
        digest="0" * 64,
    )
    theirs, ours = sent(item)
    assert records.token(ours) == token_record(theirs)


@given(role=st.sampled_from(["admin", "member"]), created=moments)
def test_an_account(role: str, created: datetime) -> None:
    item = AccountItem(
        keys.account("ada"), keys.ACCOUNT, role=role, password_hash="x", created_at=created
    )
    theirs, ours = sent(item)
    assert records.account(ours) == account_record(theirs)


pages = st.builds(
    PageRefMap,
    digest=words,
    serial=numbers,
    inline=maybe(st.binary(max_size=40)),
    item=maybe(words),
    object_key=maybe(words),
    object_version=maybe(words),
)


@given(
    gen=numbers,
    page_gen=numbers,
    serial=numbers,
    visibility=maybe(st.sampled_from(["public", "team", "restricted"])),
    status=maybe(st.sampled_from(["active", "archived", "quarantined", "deprecated"])),
    json=maybe(pages),
    html=maybe(pages),
)
def test_a_head(**values: Any) -> None:
    theirs, ours = sent(HeadItem(PARTITION, keys.HEAD, **values))
    assert records.head(PROJECT, ours) == head_record(PROJECT, theirs)


def test_a_head_that_was_only_counted() -> None:
    raw = {
        "pk": {"S": PARTITION},
        "sk": {"S": keys.HEAD},
        "kind": {"S": "head"},
        "gen": {"N": "1"},
        "serial": {"N": "7"},
    }
    theirs = LarderItem.from_raw_data(raw)
    assert isinstance(theirs, HeadItem)
    assert records.head(PROJECT, records.plain(raw)) == head_record(PROJECT, theirs)


@given(
    texts=st.lists(words, min_size=10, max_size=10),
    size=numbers,
    uploaded=moments,
    yanked=maybe(words),
    attested=maybe(st.booleans()),
)
def test_a_file(texts: list[str], size: int, uploaded: Any, yanked: Any, attested: Any) -> None:
    names = (
        "version", "filetype", "sha256", "md5", "blake2_256", "metadata_sha256", "requires_python",
        "uploaded_by", "uploaded_with", "object_key",
    )  # fmt: skip
    item = FileItem(
        PARTITION,
        keys.file("a-1.0.tar.gz"),
        size=size,
        uploaded_at=uploaded,
        yanked=yanked,
        attested=attested,
        object_version="v",
        **dict(zip(names, texts, strict=True)),
    )
    theirs, ours = sent(item)
    assert records.file(PROJECT, ours) == file_record(PROJECT, theirs)


@pytest.mark.parametrize(
    "where", [{"body": b"x"}, {"object_key": "k"}, {"object_key": "k", "object_version": "v"}]
)
def test_metadata(where: dict[str, Any]) -> None:
    theirs, ours = sent(MetadataItem(PARTITION, keys.metadata("a"), **where))
    assert records.metadata(ours) == metadata_record(theirs)


def test_a_type_that_the_table_never_holds_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="'BS'"):
        records.plain({"x": {"BS": []}})
