"""Where the index and the token are found."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
from larder_client import address, settings
from larder_client.errors import UsageError
from larder_client.settings import find_credential, find_index, pypirc

INDEX = address.parse("https://packages.example.com/simple/")


@pytest.fixture(autouse=True)
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    """Put a keyring of our own in the place of this machine's, and return what it holds."""
    held: dict[tuple[str, str], str] = {}
    module = ModuleType("keyring")
    module.get_password = lambda *key: held.get(key)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", module)
    return held


def write_pypirc(home: Path, text: str) -> dict[str, dict[str, str]]:
    (home / ".pypirc").write_text(text)
    return {name: dict(section) for name, section in pypirc(home).items()}


PYPIRC = """
[distutils]
index-servers = larder other

[larder]
repository = https://packages.example.com/legacy/
username = __token__
password = 100%_from_pypirc

[other]
repository = https://other.example.com/legacy/
password = not this
"""


def found_index(home: Path, *given: str | None, **env: str) -> str:
    url, repository = (*given, None, None)[:2]
    return find_index(url, repository, env, pypirc(home)).root


def test_the_index_is_what_was_said_first(tmp_path: Path) -> None:
    write_pypirc(tmp_path, PYPIRC)
    env = {
        "TWINE_REPOSITORY": "other",
        "UV_PUBLISH_URL": "https://uv.example/legacy/",
        "TWINE_REPOSITORY_URL": "https://twine.example/legacy/",
        "LARDER_INDEX": "https://larder.example",
    }
    assert found_index(tmp_path, "https://said.example", "other", **env) == "https://said.example"
    assert found_index(tmp_path, None, "other", **env) == "https://other.example.com"
    assert found_index(tmp_path, **env) == "https://larder.example"
    del env["LARDER_INDEX"]
    assert found_index(tmp_path, **env) == "https://twine.example"
    del env["TWINE_REPOSITORY_URL"]
    assert found_index(tmp_path, **env) == "https://uv.example"
    del env["UV_PUBLISH_URL"]
    assert found_index(tmp_path, **env) == "https://other.example.com"
    assert found_index(tmp_path) == "https://packages.example.com"


def test_without_any_index_the_ways_to_name_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="LARDER_INDEX"):
        found_index(tmp_path)


def test_a_section_that_is_not_there_is_named(tmp_path: Path) -> None:
    write_pypirc(tmp_path, PYPIRC)
    with pytest.raises(UsageError, match=r"\[nowhere\]"):
        found_index(tmp_path, None, "nowhere")


def credential(home: Path, index: address.Address = INDEX, **env: str) -> tuple[str, str]:
    found = find_credential(index, env, pypirc(home), home)
    return found.username, found.password


def test_the_token_is_the_first_there_is(
    tmp_path: Path, keyring: dict[tuple[str, str], str]
) -> None:
    keyring["packages.example.com", "__token__"] = "from keyring"
    assert credential(tmp_path) == ("__token__", "from keyring")

    netrc = tmp_path / ".netrc"
    netrc.write_text("machine packages.example.com login ada password from-netrc")
    assert credential(tmp_path) == ("ada", "from-netrc")

    named = tmp_path / "elsewhere"
    named.write_text("machine packages.example.com login eve password from-elsewhere")
    assert credential(tmp_path, NETRC=str(named)) == ("eve", "from-elsewhere")

    write_pypirc(tmp_path, PYPIRC)
    assert credential(tmp_path) == ("__token__", "100%_from_pypirc")

    with_token = address.parse("https://bob:from-url@packages.example.com")
    assert credential(tmp_path, with_token) == ("bob", "from-url")

    env = {"UV_PUBLISH_PASSWORD": "from uv", "UV_PUBLISH_USERNAME": "uv"}
    assert credential(tmp_path, with_token, **env) == ("uv", "from uv")
    env |= {"TWINE_PASSWORD": "from twine", "TWINE_USERNAME": "twine"}
    assert credential(tmp_path, with_token, **env) == ("twine", "from twine")
    env |= {"UV_PUBLISH_TOKEN": " uv token\n"}
    assert credential(tmp_path, with_token, **env) == ("__token__", "uv token")
    env |= {"LARDER_TOKEN": "larder token"}
    assert credential(tmp_path, with_token, **env) == ("__token__", "larder token")


@pytest.mark.parametrize(
    "service",
    [
        "https://packages.example.com/legacy/",
        "https://packages.example.com/simple/",
        "packages.example.com",
    ],
)
def test_the_keyring_is_asked_by_the_names_that_other_tools_use(
    tmp_path: Path, keyring: dict[tuple[str, str], str], service: str
) -> None:
    keyring[service, "ada"] = "hers"
    index = address.parse("https://ada@packages.example.com")
    assert credential(tmp_path, index) == ("ada", "hers")


def test_a_keyring_that_fails_or_is_missing_has_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: str) -> str:
        raise RuntimeError("locked")

    monkeypatch.setattr("keyring.get_password", locked, raising=False)
    with pytest.raises(UsageError, match=r"No token for packages\.example\.com"):
        credential(tmp_path)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(UsageError, match="No token"):
        credential(tmp_path)


def test_a_token_of_the_public_index_stays_here(tmp_path: Path) -> None:
    """People have it in TWINE_PASSWORD while they publish elsewhere."""
    env = {"TWINE_PASSWORD": "pypi-AgENdGVzdC", "UV_PUBLISH_PASSWORD": "pypi-larder_x"}
    assert credential(tmp_path, **env) == ("__token__", "pypi-larder_x")


def test_passwords_for_other_places_are_not_taken(tmp_path: Path) -> None:
    write_pypirc(tmp_path, "[x]\nrepository = http://packages.example.com/\npassword = plain http")
    (tmp_path / ".netrc").write_text(
        "machine other.example.com login a password b\ndefault login c password d\n"
    )
    with pytest.raises(UsageError, match="No token"):
        credential(tmp_path)


def test_the_password_of_the_named_section_goes_before_another_of_the_same_index(
    tmp_path: Path,
) -> None:
    rc = write_pypirc(
        tmp_path,
        "[first]\nrepository = https://packages.example.com\npassword = first\n"
        "[second]\nrepository = https://packages.example.com\npassword = second\n",
    )
    index = find_index(None, "second", {}, rc)
    assert find_credential(index, {}, rc, tmp_path).password == "second"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".pypirc", "password = hushhush"),
        (".pypirc", "[a]\npassword hushhush"),
        (".netrc", "machine x login y hushhush"),
    ],
)
def test_a_damaged_file_is_named_but_not_quoted(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as refused:
        credential(tmp_path)
    assert name in str(refused.value)
    assert "hushhush" not in str(refused.value)


def test_a_credential_does_not_show_itself() -> None:
    assert "hushhush" not in repr(settings.Credential(password="hushhush"))
