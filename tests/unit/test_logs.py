"""Log lines."""

import json
import logging

import pytest

from app import logs

CANARY = "c4n4ryc4n4ryc4n4ry"


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"msg": message, "levelname": "INFO", "name": "larder", **extra})
    made.created = 0
    return made


def test_json_lines_carry_the_extra_fields() -> None:
    line = json.loads(logs.JsonFormatter().format(record("hello", actor="ada")))
    assert line == {
        "time": "1970-01-01T00:00:00.000+00:00",
        "level": "INFO",
        "logger": "larder",
        "message": "hello",
        "actor": "ada",
    }


def test_text_lines_are_for_people() -> None:
    line = logs.TextFormatter().format(record("hello", actor="ada"))
    assert line == "1970-01-01T00:00:00.000+00:00 INFO    hello actor=ada"


@pytest.mark.parametrize(
    "text",
    [
        f"larder_eyJhbGciOi.{CANARY}.x_y_1aB2c3",
        f"Authorization: Basic {CANARY}",
        f"authorization: bearer {CANARY}",
        f"eyJhbGciOi.{CANARY}.sig",
        f"https://bucket/key?X-Amz-Signature={CANARY}&x=1",
        f"https://bucket/key?X-Amz-Security-Token={CANARY}",
        f"http://__token__:{CANARY}@127.0.0.1:8000/simple/",
    ],
)
@pytest.mark.parametrize("formatter", [logs.JsonFormatter(), logs.TextFormatter()])
def test_secrets_never_reach_a_line(text: str, formatter: logging.Formatter) -> None:
    assert CANARY not in formatter.format(record(text, also=text))


def test_a_secret_in_a_traceback_is_dropped_too() -> None:
    error = ValueError(f"Bearer {CANARY}")
    line = logs.JsonFormatter().format(record("x", exc_info=(ValueError, error, None)))
    assert "ValueError" in line
    assert CANARY not in line


def test_a_path_cannot_forge_a_line() -> None:
    line = logs.TextFormatter().format(record("GET /a\n2026 INFO forged\x1b[31m"))
    assert "\n" not in line
    assert "\x1b" not in line


def test_a_file_name_that_begins_like_a_token_stays_readable() -> None:
    assert logs.redact("/files/larder-demo/larder_demo-1.0-py3-none-any.whl").endswith("any.whl")
