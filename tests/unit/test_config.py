"""Settings."""

import pytest

from app.config import DEVELOPMENT_SIGNING_KEYS, Config, ConfigError

PRODUCTION = {
    "LARDER_STAGE": "prod",
    "LARDER_TABLE": "t",
    "LARDER_BUCKET": "b",
    "LARDER_SIGNING_KEYS": "ssm:/larder/prod/signing-keys",
    "AWS_REGION": "eu-west-1",
}


def test_development_needs_no_settings() -> None:
    config = Config.from_env({})
    assert config.development
    assert config.table == "larder-dev"
    assert not config.json_logs


def test_production_takes_what_it_is_given() -> None:
    config = Config.from_env({**PRODUCTION, "LARDER_PUBLIC_URL": "https://packages.example.com/"})
    assert not config.development
    assert (config.table, config.region) == ("t", "eu-west-1")
    assert config.public_url == "https://packages.example.com"


def test_every_missing_setting_is_named_in_one_message() -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_env({"LARDER_STAGE": "prod"})
    for name in ("LARDER_TABLE", "LARDER_BUCKET", "LARDER_SIGNING_KEYS", "AWS_REGION"):
        assert f"{name} is missing" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LARDER_PAGE_SIZE", "0"),
        ("LARDER_PAGE_SIZE", "many"),
        ("LARDER_LINK_WINDOW", "-1"),
        ("LARDER_LINK_WINDOW", "302401"),
        ("LARDER_MAX_FILE_BYTES", "1.5"),
        ("LARDER_PUBLIC_URL", "packages.example.com"),
        ("AWS_ENDPOINT_URL_S3", "ftp://x"),
        ("LARDER_JSON_LOGS", "maybe"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be .*{value}"):
        Config.from_env({name: value})


@pytest.mark.parametrize("form", ["{}", "{},", "other={}", "a=AAAA,{}"])
def test_the_development_key_is_refused_elsewhere_in_every_spelling(form: str) -> None:
    key = DEVELOPMENT_SIGNING_KEYS
    keys = form.format(key.partition("=")[2] if "other" in form else key)
    with pytest.raises(ConfigError, match="everybody knows"):
        Config.from_env({**PRODUCTION, "LARDER_SIGNING_KEYS": keys})


def test_the_development_key_is_refused_on_lambda_in_every_stage() -> None:
    with pytest.raises(ConfigError, match="everybody knows"):
        Config.from_env({"AWS_LAMBDA_FUNCTION_NAME": "larder-dev-web"})


def test_lambda_gets_json_logs() -> None:
    assert Config.from_env({**PRODUCTION, "AWS_LAMBDA_FUNCTION_NAME": "f"}).json_logs
