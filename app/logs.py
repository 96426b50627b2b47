"""Log lines: JSON on AWS, readable on a terminal, never with a secret in them."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

# One after the other, so that none swallows the word by which another knows its secret.
_SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        (
            r"((?:basic|bearer|token)(?:\s|%20|\\t)+)"
            r"(?:(?!(?:basic|bearer|token)(?:\s|%20))[\w.~+/=-]){8,}"
        ),
        # A token of ours, and a bare JWT or its beginning; both also as a normalised name.
        r"(larder[_-]eyJ)[\w.-]+",
        r"(eyJ[\w-]{4})[\w-]{,500}(?:[.-]eyJ|\.[\w-]+\.)[\w.-]*",
        (
            r"(X-Amz-(?:Signature|Security-Token|Credential)(?:['\"]?\s*[=:]|%3D)\s*['\"]?)"
            r"[^&\s'\"\\]+"
        ),
        r"(://)[^/\s:@]*:[^/\s@]+(?=@)",  # credentials in a URL
        r"((?:authorization|cookie|password)(?:['\"]?\s*[:=]|['\"],)\s*['\"]?)[^'\"\r\n]+",
    )
)
# A word of each of them: what has none needs no closer look, and that is nearly everything.
_HINTS = (
    "basic", "bearer", "token", "eyj", "x-amz-", "://", "authorization", "cookie", "password",
)  # fmt: skip
# What ends a line, steers a terminal, or turns the direction of writing.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_PLAIN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """Return `text` with everything that looks like a credential cut out.

    >>> redact("Got Bearer abcdefghijkl")
    'Got Bearer [secret]'
    """
    folded = text.casefold()
    if any(hint in folded for hint in _HINTS):
        for pattern in _SECRETS:
            text = pattern.sub(r"\1[secret]", text)
    return text


def _clean(value: Any) -> Any:
    """Return `value` as JSON can hold it, redacted: what JSON escapes would hide a secret."""
    match value:
        case None | bool() | int() | float():
            return value
        case dict():
            return {redact(str(key)): _clean(below) for key, below in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(one) for one in value]
        case _:
            return redact(str(value))


def _one_line(text: str) -> str:
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


class _Formatter(logging.Formatter):
    """Shared: the time in UTC, extra fields collected, secrets dropped."""

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        extra = {k: v for k, v in vars(record).items() if k not in _PLAIN_ATTRIBUTES}
        if record.exc_info:
            extra["exception"] = self.formatException(record.exc_info)
        return {key: _clean(value) for key, value in extra.items()}

    def time(self, record: logging.LogRecord) -> str:
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class JsonFormatter(_Formatter):
    """One JSON object a line, for CloudWatch and other machines."""

    def format(self, record: logging.LogRecord) -> str:
        """Render `record` as one line of JSON."""
        line = {
            "time": self.time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
            **self.fields(record),
        }
        return json.dumps(line)


class TextFormatter(_Formatter):
    """One readable line, for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Render `record` as text, a traceback below it if there is one."""
        fields = self.fields(record)
        trace = fields.pop("exception", "")
        words = " ".join(f"{key}={value}" for key, value in fields.items())
        text = f"{self.time(record)} {record.levelname:<7} {redact(record.getMessage())} {words}"
        # A path may hold a line break or a terminal's control codes; a line must not.
        line = _one_line(text.rstrip())
        # What an error quotes cannot look like a line of its own: those below are indented.
        return "\n  ".join([line, *map(_one_line, trace.split("\n"))]) if trace else line


def configure(*, json_lines: bool) -> None:
    """Send all log lines to standard error, in JSON or as text.

    Standard output stays free for what a command is asked to print.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if json_lines else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # Nobody reads them here, and every line would look them up (Logging HOWTO, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # The SDK logs every request it signs at DEBUG and its credential search at INFO.
    logging.getLogger("botocore").setLevel(logging.WARNING)
