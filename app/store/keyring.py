"""The signing keys, and the tokens they sign (RFC 7519 with HS256)."""

import base64
import binascii
import logging
import secrets
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from app.config import Config, ConfigError
from app.domain import hs256
from app.domain import token as tokens
from app.domain.token import Claims
from app.errors import Unauthorized, Unavailable
from app.store.aws_json import AwsJson
from app.store.clock import Clock
from app.store.endpoints import endpoint
from app.store.failures import translated

_log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

_ALGORITHM = "HS256"
_KEY_BYTES = 32
# How long keys are kept before they are read again, and how often an unknown key id may make the
# index look for new ones: rotation reaches every process within minutes, and garbage costs little.
_KEEP_SECONDS = 300
_LOOK_SECONDS = 60
# Tokens remembered; then it begins again.
_MAX_VERIFIED = 1000
# 9999-12-31: every token carries an end, those that have none carry this one.
_NEVER = 253402300799


class _Verified(NamedTuple):
    """What was found of a token once; it holds as long as its key is in the ring."""

    claims: Claims
    # Seconds since the epoch.
    ends: int
    key_id: str
    key: bytes


class Keyring:
    """Signs tokens with the first key of the ring and knows those signed with any of them."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._issuer = f"larder-{config.stage}"
        self._lock = threading.Lock()
        self._keys: dict[str, bytes] = {}
        self._read_at = 0.0
        # By the digests of the tokens, which say nothing: an installer asks a hundred times.
        self._verified: dict[str, _Verified] = {}
        self._ssm = AwsJson(
            service="ssm",
            protocol="AmazonSSM",
            version="1.1",
            region=config.region,
            url=config.aws_url or endpoint("ssm", config.region),
            clock=clock,
        )
        if not _place(config.signing_keys)[0]:
            parse_ring(config.signing_keys)  # a mistake stops the start, not the first request

    def sign(
        self, *, token_id: str, account: str, issued_at: datetime, expires_at: datetime | None
    ) -> str:
        """Return a new token; nobody can make it again, so it must be handed out now or never."""
        import jwt

        key_id, key = next(iter(self.keys().items()))
        issued = int(issued_at.timestamp())
        claims = {
            "iss": self._issuer,
            "aud": self._issuer,
            "sub": account,
            "jti": token_id,
            "iat": issued,
            "nbf": issued,
            "exp": int(expires_at.timestamp()) if expires_at else _NEVER,
        }
        return tokens.wrap(jwt.encode(claims, key, algorithm=_ALGORITHM, headers={"kid": key_id}))

    def verify(self, token: str) -> Claims:
        """Return what a token of ours claims, without asking the database.

        :raises Unauthorized: for anything that was not signed here, or is past its end.
        """
        digest = tokens.digest(token)
        known = self._verified.get(digest)
        if known is None or self.keys().get(known.key_id) != known.key:
            known = self._verify(tokens.unwrap(token), digest)
            if len(self._verified) >= _MAX_VERIFIED:
                self._verified.clear()
            self._verified[digest] = known
        if known.ends <= time.time():
            raise Unauthorized("The token has expired; make a new one.")
        return known.claims

    def _verify(self, signed: str, digest: str) -> "_Verified":
        try:
            key_id = hs256.key_id(signed)
            key = self._key(key_id)
            claims = hs256.claims(signed, key, issuer=self._issuer, now=time.time())
        except (hs256.InvalidError, KeyError) as error:
            raise Unauthorized("The token is not known to this index.") from error
        who = Claims(token_id=claims["jti"], account=claims["sub"], digest=digest)
        return _Verified(who, claims["exp"], key_id, key)

    def keys(self) -> dict[str, bytes]:
        """Return the ring: key by key id, the signing one first.

        :raises Unavailable: if there are no usable keys where LARDER_SIGNING_KEYS points.
        """
        return self._ring(older_than=_KEEP_SECONDS)

    def _key(self, key_id: str) -> bytes:
        """Return the key of this id, looking again where it is unknown: it may be a new one.

        :raises KeyError: if there is none.
        """
        ring = self.keys()
        return ring[key_id] if key_id in ring else self._ring(older_than=_LOOK_SECONDS)[key_id]

    def _ring(self, *, older_than: float) -> dict[str, bytes]:
        with self._lock:
            now = time.monotonic()
            if not self._keys or now - self._read_at > older_than:
                self._keys, self._read_at = self._read_ring(), now
            return self._keys

    def _read_ring(self) -> dict[str, bytes]:
        try:
            return parse_ring(self._load())
        except (ConfigError, Unavailable) as error:
            if self._keys:  # those of a moment ago are better than none
                _log.warning("the signing keys cannot be read again", extra={"cause": str(error)})
                return self._keys
            if isinstance(error, Unavailable):
                raise
            _log.error("no signing keys: %s", error)
            raise Unavailable(
                "The index has no signing keys yet; its operator makes them with `flask init`."
            ) from error

    @translated
    def _load(self) -> str:
        scheme, place = _place(self._config.signing_keys)
        if scheme == "file":
            return _read(Path(place))
        if scheme == "ssm":
            asked = {"Name": place, "WithDecryption": True}
            return str(self._ssm.call("GetParameter", asked)["Parameter"]["Value"])
        return self._config.signing_keys

    @translated
    def create(self) -> bool:
        """Make a first key where LARDER_SIGNING_KEYS points; return False if one is there."""
        scheme, place = _place(self._config.signing_keys)
        if scheme == "file":
            return _create_file(Path(place))
        if scheme == "ssm":
            return self._create_parameter(place)
        return False

    def _create_parameter(self, name: str) -> bool:
        from app.store import aws

        client: SSMClient = aws.session().client("ssm", region_name=self._config.region)
        try:
            client.put_parameter(Name=name, Value=new_ring(), Type="SecureString", Overwrite=False)
        except client.exceptions.ParameterAlreadyExists:
            return False
        return True


def _place(setting: str) -> tuple[str, str]:
    """Take `file:PATH` or `ssm:NAME` apart; anything else is a ring itself, of no scheme."""
    scheme, _, place = setting.partition(":")
    return (scheme, place) if scheme in {"file", "ssm"} and place else ("", setting)


def new_ring() -> str:
    """Return a ring of one random key, in the form `parse_ring` reads."""
    key = base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode().rstrip("=")
    return f"{secrets.token_hex(4)}={key}"


def parse_ring(text: str) -> dict[str, bytes]:
    """Read "kid=base64url[,kid=base64url…]".

    :raises ConfigError: if it is written otherwise or a key is shorter than 32 bytes.
    """
    ring = {}
    for entry in text.strip().split(","):
        key_id, _, encoded = entry.strip().partition("=")
        try:
            key = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        except (binascii.Error, ValueError):
            key = b""
        if not key_id or len(key) < _KEY_BYTES:
            raise ConfigError(
                "LARDER_SIGNING_KEYS must read kid=base64url[,kid=base64url...] with keys of at"
                f" least {_KEY_BYTES} bytes; `flask init` makes a good one for file: and ssm:."
            )
        ring[key_id] = key
    return ring


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise ConfigError(f"The signing keys cannot be read: {error}; run `flask init`.") from error


def _create_file(path: Path) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600, exist_ok=False)  # readable by its owner alone
    try:
        draft.write_text(new_ring() + "\n")
        path.hardlink_to(draft)  # whole or not at all, and never over a ring that is there
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
