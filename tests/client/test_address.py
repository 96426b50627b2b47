"""What people call the URL of an index."""

import pytest
from larder_client import address
from larder_client.errors import UsageError


@pytest.mark.parametrize(
    "url",
    [
        "https://packages.example.com",
        "https://packages.example.com/",
        "https://packages.example.com/simple",
        "https://packages.example.com/simple/",
        "https://packages.example.com/legacy/",
        "https://packages.example.com/upload/2.0/",
        "  https://packages.example.com/simple/ ",
        "https://user:secret@packages.example.com/legacy/",
    ],
)
def test_any_url_of_an_index_leads_to_it(url: str) -> None:
    assert address.parse(url).root == "https://packages.example.com"


def test_a_port_and_a_path_in_front_stay() -> None:
    found = address.parse("https://example.com:8443/python/simple/")
    assert (found.root, found.netloc, found.host) == (
        "https://example.com:8443/python",
        "example.com:8443",
        "example.com",
    )


def test_a_credential_is_taken_out_of_the_url() -> None:
    found = address.parse("https://ada:p%40ss@example.com/")
    assert (found.username, found.password) == ("ada", "p@ss")
    assert "p@ss" not in repr(found)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:80", "a.localhost"])
def test_plain_http_is_for_this_machine(host: str) -> None:
    assert address.parse(f"http://{host}").root == f"http://{host}"


@pytest.mark.parametrize(
    "url",
    [
        "http://packages.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "ftp://example.com",
        "packages.example.com",
        "https://",
        "https://example.com/?a=b",
        "https://example.com:port",
        "https://[::1",
    ],
)
def test_nothing_else_gets_a_token(url: str) -> None:
    with pytest.raises(UsageError):
        address.parse(url)


@pytest.mark.parametrize("url", ["http://a:secret@example.com", "https://a:secret@x:port/"])
def test_a_refusal_does_not_quote_the_credential(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        address.parse(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example", "https://A.example:443/x", True),
        ("https://a.example", "http://a.example", False),
        ("https://a.example", "https://a.example:444", False),
        ("https://a.example", "https://a.example@b.example", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(one: str, other: str, *, same: bool) -> None:
    assert (address.origin(one) == address.origin(other)) is same
