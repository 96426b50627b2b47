"""Where the index and the credential come from: what people have set for other tools already."""

import configparser
import importlib
import netrc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from larder_client import address
from larder_client.address import Address
from larder_client.errors import UsageError

Environment = Mapping[str, str]
Sections = Mapping[str, Mapping[str, str]]

USER = "__token__"
DEFAULT_REPOSITORY = "larder"

NO_INDEX = (
    "Which index? Give --index https://packages.example.com, or set LARDER_INDEX,"
    " TWINE_REPOSITORY_URL or UV_PUBLISH_URL, or describe it in ~/.pypirc and name its section:"
    " --repository larder."
)
NO_CREDENTIAL = (
    "No token for {host} was found. Set LARDER_TOKEN (or UV_PUBLISH_TOKEN, TWINE_PASSWORD), pipe it"
    " to --token-stdin, or keep it in ~/.pypirc, ~/.netrc or the keyring."
)


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A user name and a password, which is a token; the name does not matter to the index."""

    password: str = field(repr=False)
    username: str = USER


def pypirc(home: Path) -> Sections:
    """Return the sections of `~/.pypirc`, none if there is no such file.

    :raises UsageError: if it cannot be read.
    """
    path = home / ".pypirc"
    # Not the parser that expands "%": a password may hold one.
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, configparser.Error):
        # The reason would quote lines of the file, where passwords are.
        raise UsageError(f"{path} cannot be read as a .pypirc file.") from None
    return {name: dict(parser.items(name)) for name in parser.sections()}


def find_index(url: str | None, repository: str | None, env: Environment, rc: Sections) -> Address:
    """Return the index to talk to: from the command line, the environment, or `~/.pypirc`.

    :raises UsageError: if none of them names one, or what they name is no address.
    """
    if url:
        return address.parse(url)
    if repository:
        return _of_section(repository, rc)
    for name in ("LARDER_INDEX", "TWINE_REPOSITORY_URL", "UV_PUBLISH_URL"):
        if env.get(name):
            return address.parse(env[name])
    if env.get("TWINE_REPOSITORY"):
        return _of_section(env["TWINE_REPOSITORY"], rc)
    if DEFAULT_REPOSITORY in rc:
        return _of_section(DEFAULT_REPOSITORY, rc)
    raise UsageError(NO_INDEX)


def _of_section(name: str, rc: Sections) -> Address:
    section = rc.get(name)
    if section is None or not section.get("repository"):
        raise UsageError(f"~/.pypirc has no section [{name}] with a line `repository = https://…`.")
    found = address.parse(section["repository"])
    if found.password or not section.get("password"):
        return found
    return Address(
        root=found.root, username=section.get("username", ""), password=section["password"]
    )


def find_credential(index: Address, env: Environment, rc: Sections, home: Path) -> Credential:
    """Return the first credential there is; the keyring is asked only if there is no other.

    :raises UsageError: if there is none.
    """
    for credential in _candidates(index, env, rc, home):
        if credential.password and not _is_for_the_public_index(credential):
            return credential
    raise UsageError(NO_CREDENTIAL.format(host=index.netloc))


def _candidates(index: Address, env: Environment, rc: Sections, home: Path) -> Iterator[Credential]:
    for name in ("LARDER_TOKEN", "UV_PUBLISH_TOKEN"):
        yield Credential(password=env.get(name, "").strip())
    for tool in ("TWINE", "UV_PUBLISH"):
        yield Credential(
            username=env.get(f"{tool}_USERNAME") or USER,
            password=env.get(f"{tool}_PASSWORD", "").strip(),
        )
    yield Credential(username=index.username or USER, password=index.password)
    yield from _from_pypirc(index, rc)
    yield from _from_netrc(index, env, home)
    yield from _from_keyring(index)


def _is_for_the_public_index(credential: Credential) -> bool:
    """Tell whether this is a token that people have in their environment for the public index."""
    return credential.password.startswith("pypi-") and "larder_" not in credential.password


def _from_pypirc(index: Address, rc: Sections) -> Iterator[Credential]:
    for section in rc.values():
        repository = section.get("repository", "")
        if repository and address.origin(repository) == address.origin(index.root):
            yield Credential(
                username=section.get("username", USER), password=section.get("password", "")
            )


def _from_netrc(index: Address, env: Environment, home: Path) -> Iterator[Credential]:
    named = env.get("NETRC")
    for path in [Path(named)] if named else [home / ".netrc", home / "_netrc"]:
        try:
            # Not `authenticators`, which would give the default entry's password to any host.
            entry = netrc.netrc(path).hosts.get(index.host)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, netrc.NetrcParseError) as error:
            # The reason itself may quote a password.
            line = getattr(error, "lineno", None)
            place = f"{path}, line {line}," if line else str(path)
            raise UsageError(f"{place} cannot be read as a .netrc file.") from None
        if entry:
            yield Credential(username=entry[0] or USER, password=entry[2] or "")


def _from_keyring(index: Address) -> Iterator[Credential]:
    """Ask the keyring, where there is one, under the names that twine, uv and pip use."""
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        return
    user = index.username or USER
    for service in (f"{index.root}/legacy/", f"{index.root}/simple/", index.netloc, index.host):
        try:
            password = keyring.get_password(service, user)
        except Exception:  # noqa: BLE001 - back ends raise what they like: then it has none for us
            return
        yield Credential(username=user, password=password or "")
