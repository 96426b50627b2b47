"""The settings, read from the environment once, in one frozen object.

Every setting is described in docs/reference/settings.md. Nothing else in the application reads the
environment, apart from what finds AWS's credentials, roots and proxies there, as the SDK does.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

DEVELOPMENT_SIGNING_KEYS = "development=bGFyZGVyIGRldmVsb3BtZW50IG9ubHkga2V5IDMyYnk"
"""A key everybody knows: refused in every stage but `dev`."""

MAX_LINK_WINDOW = 302_400
"""A link lives for two windows, and S3 lets none live for more than a week."""

# A request to Lambda ends at 6 MB, in base64, and an answer likewise: text in JSON, quotes escaped.
_LAMBDA_POST_BYTES = 4_000_000
_LAMBDA_ANSWER_BYTES = 5_000_000

MAX_FILE_BYTES = 5 * 1024**3
"""S3 takes no more in one piece."""

_DEVELOPMENT_DEFAULTS = {
    "LARDER_TABLE": "larder-dev",
    "LARDER_BUCKET": "larder-dev",
    "LARDER_SIGNING_KEYS": DEVELOPMENT_SIGNING_KEYS,
    "AWS_REGION": "us-east-1",
}


class ConfigError(Exception):
    """One or more settings are missing or wrong; the message names all of them."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of one running index."""

    stage: str
    # The DynamoDB table and the S3 bucket that hold everything.
    table: str
    bucket: str
    region: str
    # Where the signing keys are: "kid=base64url[,kid=…]", "file:PATH" or "ssm:NAME".
    signing_keys: str
    # "https://packages.example.com", or empty: the host the client asked for.
    public_url: str = ""
    # Other back ends; empty for AWS itself. The first is for the services that are not named.
    aws_url: str = ""
    dynamodb_url: str = ""
    s3_url: str = ""
    # Items asked for in one page of a DynamoDB query.
    page_size: int = 1000
    # Seconds during which a download link stays byte-identical; it lives for two such windows.
    link_window: int = 3600
    # Rendered pages up to this many compressed bytes lie in the project's head item, ...
    inline_page_bytes: int = 3000
    # ... up to this many in an item of their own, and beyond it in S3.
    item_page_bytes: int = 64_000
    # The largest wheel or sdist taken, in bytes.
    max_file_bytes: int = 1024 * 1024 * 1024
    # The largest file of an upload session that may come through the application itself.
    post_bytes: int = 1024 * 1024 * 1024
    # Files of a session up to this size are inspected while the client waits.
    inspect_bytes: int = 32 * 1024 * 1024
    # Larger ones are inspected when S3 tells that they have arrived, not by the web process.
    object_events: bool = False
    # The largest page that is sent without compression.
    answer_bytes: int = 1024 * 1024 * 1024
    # JSON lines instead of text for a terminal.
    json_logs: bool = False

    @property
    def development(self) -> bool:
        """Return whether this is the `dev` stage, where comfort comes before caution."""
        return self.stage == "dev"

    @property
    def secure_url(self) -> str:
        """Return the public address if it is known and https, else an empty text."""
        return self.public_url if self.public_url.startswith("https://") else ""

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Config":
        """Read the settings from `env`, by default the process environment.

        :raises ConfigError: naming every setting that is missing or wrong.
        """
        reader = _Reader(os.environ if env is None else env)  # noqa: TID251 - the one place
        config = cls(
            stage=reader.stage,
            table=reader.text("LARDER_TABLE"),
            bucket=reader.text("LARDER_BUCKET"),
            region=reader.text("AWS_REGION"),
            signing_keys=reader.signing_keys(),
            public_url=reader.url("LARDER_PUBLIC_URL"),
            aws_url=reader.url("AWS_ENDPOINT_URL"),
            dynamodb_url=reader.url("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"),
            s3_url=reader.url("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
            page_size=reader.number("LARDER_PAGE_SIZE", cls.page_size),
            link_window=reader.number("LARDER_LINK_WINDOW", cls.link_window, most=MAX_LINK_WINDOW),
            inline_page_bytes=reader.number("LARDER_INLINE_PAGE_BYTES", cls.inline_page_bytes),
            item_page_bytes=reader.number("LARDER_ITEM_PAGE_BYTES", cls.item_page_bytes),
            max_file_bytes=reader.number(
                "LARDER_MAX_FILE_BYTES", cls.max_file_bytes, most=MAX_FILE_BYTES
            ),
            post_bytes=reader.number(
                "LARDER_POST_BYTES", _LAMBDA_POST_BYTES if reader.on_lambda else cls.post_bytes
            ),
            inspect_bytes=reader.number("LARDER_INSPECT_BYTES", cls.inspect_bytes),
            object_events=reader.flag("LARDER_OBJECT_EVENTS", default=reader.on_lambda),
            answer_bytes=reader.number(
                "LARDER_ANSWER_BYTES",
                _LAMBDA_ANSWER_BYTES if reader.on_lambda else cls.answer_bytes,
            ),
            json_logs=reader.flag("LARDER_JSON_LOGS", default=reader.on_lambda),
        )
        reader.finish()
        return config


class _Reader:
    """Reads settings and remembers what was wrong with them, to say it all at once."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._faults: list[str] = []
        self.stage = env.get("LARDER_STAGE", "dev")
        self.on_lambda = "AWS_LAMBDA_FUNCTION_NAME" in env

    def text(self, name: str) -> str:
        default = _DEVELOPMENT_DEFAULTS[name] if self.stage == "dev" else ""
        value = self._env.get(name, "").strip() or default
        if not value:
            self._faults.append(f"{name} is missing")
        return value

    def signing_keys(self) -> str:
        value = self.text("LARDER_SIGNING_KEYS")
        known = DEVELOPMENT_SIGNING_KEYS.partition("=")[2]
        if known in value and (self.stage != "dev" or self.on_lambda):
            self._faults.append(
                "LARDER_SIGNING_KEYS is the development key that everybody knows;"
                " name ssm:NAME or file:PATH, where `flask init` makes one"
            )
        return value

    def url(self, *names: str) -> str:
        """Read the first of these settings that is set."""
        name = next((name for name in names if self._env.get(name, "").strip()), names[0])
        value = self._env.get(name, "").strip().rstrip("/")
        if value and not value.startswith(("https://", "http://")):
            self._faults.append(f"{name} must be an http(s) URL, not {value!r}")
        return value

    def number(self, name: str, default: int, *, most: int | None = None) -> int:
        value = self._env.get(name, "").strip()
        if not value:
            return default
        if not value.isascii() or not value.isdigit() or int(value) == 0:
            self._faults.append(f"{name} must be a whole number above 0, not {value!r}")
            return 1
        if most is not None and int(value) > most:
            self._faults.append(f"{name} must be at most {most}, not {value!r}")
        return int(value)

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._env.get(name, "").strip().lower()
        if value not in {"", "0", "1"}:
            self._faults.append(f"{name} must be 0 or 1, not {value!r}")
        return value == "1" if value else default

    def finish(self) -> None:
        if self._faults:
            raise ConfigError(
                "Larder cannot start: "
                + "; ".join(self._faults)
                + ". Every setting is described in docs/reference/settings.md."
            )
