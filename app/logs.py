"""Log lines: JSON on AWS, readable on a terminal, never with a secret in them."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

_SECRETS = re.compile(
    r"""(larder_eyJ)[\w.-]+                   # a token of ours
      | ((?:basic|bearer|token)\s+)[\w.~+/=-]{8,}
      | (eyJ[\w-]{4})[\w-]*\.[\w-]+\.[\w-]*  # a bare JWT
      | (X-Amz-(?:Signature|Security-Token|Credential)=)[^&\s"]+
      | (://)[^/\s:@]+:[^/\s@]+(?=@)         # credentials in a URL
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PLAIN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """Return `text` with everything that looks like a credential cut out.

    >>> redact("Authorization: Bearer abcdefghijkl")
    'Authorization: Bearer [secret]'
    """
    return _SECRETS.sub(lambda match: next(g for g in match.groups() if g) + "[secret]", text)


class _Formatter(logging.Formatter):
    """Shared: the time in UTC, extra fields collected, secrets dropped."""

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        extra = {k: v for k, v in vars(record).items() if k not in _PLAIN_ATTRIBUTES}
        if record.exc_info:
            extra["exception"] = self.formatException(record.exc_info)
        return extra

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
            "message": record.getMessage(),
            **self.fields(record),
        }
        return redact(json.dumps(line, default=str))


class TextFormatter(_Formatter):
    """One readable line, for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Render `record` as text, a traceback below it if there is one."""
        fields = self.fields(record)
        trace = fields.pop("exception", "")
        words = " ".join(f"{key}={value}" for key, value in fields.items())
        text = f"{self.time(record)} {record.levelname:<7} {record.getMessage()} {words}".rstrip()
        # A path may hold a line break or a terminal's control codes; a line must not.
        line = _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
        return redact(f"{line}\n{trace}" if trace else line)


def configure(*, json_lines: bool) -> None:
    """Send all log lines to standard error, in JSON or as text.

    Standard output stays free for what a command is asked to print.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if json_lines else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # The SDK logs every request it signs at DEBUG and its credential search at INFO.
    logging.getLogger("botocore").setLevel(logging.WARNING)
