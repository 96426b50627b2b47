"""Where an index is."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from larder_client.errors import UsageError

# What tools are given as "the URL of the index", for reading or for publishing.
_DOORS = ("/simple", "/legacy", "/upload/2.0")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Address:
    """The address of an index, without a credential."""

    # Without a slash at its end.
    root: str
    # The credential that stood in the URL, "" for none.
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """The host alone, as .netrc has it."""
        return urlsplit(self.root).hostname or ""

    @property
    def netloc(self) -> str:
        """The host with its port where the URL names one."""
        return urlsplit(self.root).netloc


def parse(url: str) -> Address:
    """Read what people call the URL of an index: its host, its `/simple/` or its `/legacy/`.

    :raises UsageError: if it is none, or if a credential would travel over it unprotected.
    """
    parts = _split(url.strip())
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(
            f"{shown(parts)!r} is no URL of an index; it looks like https://packages.example.com"
        )
    if not is_protected(parts):
        raise UsageError(
            f"{shown(parts)} would carry your token in the clear: use https (http is for this"
            " machine alone)."
        )
    path = parts.path.rstrip("/")
    for door in _DOORS:
        path = path.removesuffix(door)
    netloc = parts.netloc.rpartition("@")[2]
    return Address(
        root=f"{parts.scheme}://{netloc}{path}",
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        # Not the URL itself: there may be a password in it.
        raise UsageError("The URL of the index cannot be understood.") from None
    return parts


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL (RFC 6454); port 0 if the scheme has none we know."""
    parts = _split(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def is_protected(parts: SplitResult) -> bool:
    """Tell whether nobody else can read what is sent there."""
    return parts.scheme == "https" or _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown(parts: SplitResult) -> str:
    """Return a URL to show: without its credential and its query, where signatures are."""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
