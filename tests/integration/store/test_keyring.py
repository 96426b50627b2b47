"""Signing keys and where they come from."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.config import Config, ConfigError
from app.errors import Unauthorized, Unavailable
from app.store import keyring
from app.store.clock import Clock
from app.store.keyring import Keyring

NOW = datetime.now(UTC)


def ring(keys: str, stage: str = "dev") -> Keyring:
    config = Config.from_env({
        "LARDER_STAGE": stage,
        "LARDER_SIGNING_KEYS": keys,
        "LARDER_TABLE": "t",
        "LARDER_BUCKET": "b",
        "AWS_REGION": "us-east-1",
    })  # fmt: skip
    return Keyring(config, Clock())


def sign(keys: Keyring) -> str:
    return keys.sign(token_id="1", account="ada", issued_at=NOW, expires_at=None)


def test_a_token_says_whose_it_is() -> None:
    keys = ring(keyring.new_ring())
    claims = keys.verify(sign(keys))
    assert (claims.token_id, claims.account) == ("1", "ada")


def test_the_first_key_signs_and_all_verify() -> None:
    old, new = keyring.new_ring(), keyring.new_ring()
    rotated = ring(f"{new},{old}")

    assert rotated.verify(sign(ring(old))).account == "ada"
    assert ring(new).verify(sign(rotated)).account == "ada"
    with pytest.raises(Unauthorized):
        ring(new).verify(sign(ring(old)))


def test_a_token_of_another_stage_is_refused_though_the_key_is_the_same() -> None:
    keys = keyring.new_ring()
    with pytest.raises(Unauthorized):
        ring(keys, "prod").verify(sign(ring(keys, "test")))


def test_a_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "keys"
    assert ring(f"file:{path}").create() is True
    assert path.stat().st_mode & 0o077 == 0
    assert ring(f"file:{path}").create() is False
    assert ring(f"file:{path}").verify(sign(ring(f"file:{path}"))).account == "ada"


def test_a_missing_key_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="flask init"):
        sign(ring(f"file:{tmp_path / 'none'}"))


def test_a_key_file_that_was_cut_off_is_never_taken_for_a_ring(tmp_path: Path) -> None:
    """It is made whole or not at all, so that a kill in between leaves room for another try."""
    path = tmp_path / "keys"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "hardlink_to", _killed)
        with pytest.raises(KeyboardInterrupt):
            ring(f"file:{path}").create()
    assert not path.exists()
    assert ring(f"file:{path}").create() is True
    assert list(tmp_path.iterdir()) == [path]


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("setting", ["garbage", "SSM:/x", "ssm:", "file:", "a=YWJj"])
def test_a_wrong_setting_stops_the_start(setting: str) -> None:
    with pytest.raises(ConfigError, match="kid=base64url"):
        ring(setting)


def test_a_rotated_key_reaches_a_running_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, path = keyring.new_ring(), keyring.new_ring(), tmp_path / "keys"
    path.write_text(old)
    running, clock = ring(f"file:{path}"), [1000.0]
    monkeypatch.setattr(keyring.time, "monotonic", lambda: clock[0])
    first = sign(running)
    path.write_text(f"{new},{old}")

    with pytest.raises(Unauthorized):  # looked a moment ago: garbage must not make it read again
        running.verify(sign(ring(new)))
    clock[0] += 61
    assert running.verify(sign(ring(new))).account == "ada"

    path.write_text(new)
    assert running.verify(first).account == "ada"
    clock[0] += 301
    with pytest.raises(Unauthorized):
        running.verify(first)


def test_keys_that_cannot_be_read_again_stay_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, clock = tmp_path / "keys", [1000.0]
    path.write_text(keyring.new_ring())
    running = ring(f"file:{path}")
    monkeypatch.setattr(keyring.time, "monotonic", lambda: clock[0])
    token = sign(running)
    path.unlink()
    clock[0] += 301
    assert running.verify(token).account == "ada"


@pytest.mark.parametrize("text", ["", "a", "a=", "a=YWJj", "=" + "A" * 43, "a=\u00e9" + "A" * 43])
def test_a_malformed_ring_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="kid=base64url"):
        keyring.parse_ring(text)


def test_a_token_that_was_verified_ends_with_its_key(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(keyring.new_ring())
    keys = ring(f"file:{path}")
    text = sign(keys)
    assert keys.verify(text).account == keys.verify(text).account == "ada"

    path.write_text(keyring.new_ring())
    keys._read_at -= 1000
    with pytest.raises(Unauthorized, match="not known"):
        keys.verify(text)


def test_a_token_that_was_verified_ends_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ring(keyring.new_ring())
    ends = datetime.now(UTC) + timedelta(hours=1)
    text = keys.sign(token_id="1", account="ada", issued_at=NOW, expires_at=ends)
    assert keys.verify(text).account == "ada"

    monkeypatch.setattr(keyring.time, "time", lambda: ends.timestamp() + 1)
    with pytest.raises(Unauthorized, match="expired"):
        keys.verify(text)


def test_no_more_tokens_are_remembered_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keyring, "_MAX_VERIFIED", 2)
    keys = ring(keyring.new_ring())
    for number in range(5):
        text = keys.sign(token_id=str(number), account="ada", issued_at=NOW, expires_at=None)
        assert keys.verify(text).token_id == str(number)
        assert len(keys._verified) <= 2


@pytest.mark.parametrize("text", ["", "larder_\udcff", "\U0001f511", "pypi-", "larder_x" * 9000])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(Unauthorized):
        ring(keyring.new_ring()).verify(text)
