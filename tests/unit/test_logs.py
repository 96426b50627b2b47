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
        f"https://bucket/key?to=s3%3FX-Amz-Signature%3D{CANARY}",
        f"{{'X-Amz-Signature': '{CANARY}'}}",
        f"http://__token__:{CANARY}@127.0.0.1:8000/simple/",
        f"http://:{CANARY}@127.0.0.1:8000/simple/",
        f"authorization: bearer\t{CANARY}",
        f"Bearer\n{CANARY}",
        f"/a/Basic {CANARY}/b/Basic {CANARY}",
        f"EnvironHeaders([('Authorization', 'Odd {CANARY}'), ('Accept', '*/*')])",
        f"{{'HTTP_COOKIE': 'session={CANARY}'}}",
        f'{{"password": "{CANARY}"}}',
        f"/simple/larder-eyjhbgcioi-{CANARY}-x-1ab2c3/",
        f"eyJhbGciOi.eyJ{CANARY}",
        f"project#eyjhbgcioi-eyj{CANARY}-sig",
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


@pytest.mark.parametrize("formatter", [logs.JsonFormatter(), logs.TextFormatter()])
def test_a_secret_deep_in_a_field_is_dropped_too(formatter: logging.Formatter) -> None:
    line = formatter.format(record("x", facts={"seen": [f"Bearer {CANARY}"], "count": 1}))
    assert "count" in line
    assert CANARY not in line


def test_json_stays_json_where_a_secret_is_quoted() -> None:
    line = logs.JsonFormatter().format(record(f'"https://b/k?X-Amz-Signature={CANARY}" is "odd"'))
    assert json.loads(line)["message"] == '"https://b/k?X-Amz-Signature=[secret]" is "odd"'


@pytest.mark.parametrize("formatter", [logs.JsonFormatter(), logs.TextFormatter()])
@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0x202E, 0x2066])
def test_a_path_cannot_forge_a_line(formatter: logging.Formatter, code: int) -> None:
    line = formatter.format(record(f"GET /a{chr(code)}2026 INFO forged", client=f"x{chr(code)}y"))
    assert chr(code) not in line
    assert len(line.splitlines()) == 1


def test_an_error_that_quotes_a_path_cannot_forge_a_line() -> None:
    error = ValueError("/a\n2026 INFO forged\x1b[31m")
    line = logs.TextFormatter().format(record("x", exc_info=(ValueError, error, None)))
    assert "\n  2026 INFO forged" in line
    assert "\x1b" not in line


def test_a_file_name_that_begins_like_a_token_stays_readable() -> None:
    assert logs.redact("/files/larder-demo/larder_demo-1.0-py3-none-any.whl").endswith("any.whl")
