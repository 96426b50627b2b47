"""The operator's commands."""

import re

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from app.config import Config
from app.factory import create_app
from app.models.base import LarderItem
from app.store.stores import open_stores


def run(app: Flask, *args: str, stdin: str = "") -> Result:
    return app.test_cli_runner().invoke(args=list(args), input=stdin)


def test_init_makes_everything_and_may_be_repeated(empty_aws: None) -> None:
    config = Config.from_env({"LARDER_SIGNING_KEYS": "ssm:/larder/dev/signing-keys"})
    app = create_app(config, open_stores(config))

    first, second = run(app, "init"), run(app, "init")

    assert first.output.splitlines() == [
        "created the table",
        "created the bucket",
        "created the signing key",
        "Ready: table larder-dev, bucket larder-dev.",
    ]
    assert second.output.splitlines()[0] == "everything was there"
    assert run(app, "users", "create", "ada").exit_code == 0
    made = run(app, "tokens", "create", "ada", "--permissions", "read", "--projects", "*")
    assert made.output.startswith("larder_")


def test_a_new_index_has_no_account_and_no_token(app: Flask) -> None:
    assert run(app, "init").exit_code == 0
    assert [item.pk for item in LarderItem.scan()] == []


def test_init_sets_what_the_bucket_and_table_need(app: Flask) -> None:
    stores = app.extensions["larder"].stores
    s3, bucket = stores.blobs.client, stores.foundation.config.bucket

    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    closed = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(closed.values())
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rules[0]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_a_user_is_created_with_a_password_shown_once(app: Flask) -> None:
    found = run(app, "users", "create", "ada")
    assert found.exit_code == 0
    assert re.fullmatch(r"Created member ada\.\nPassword, shown this once: \S{20,}\n", found.output)


def test_a_user_is_created_with_a_password_from_standard_input(app: Flask) -> None:
    found = run(
        app, "users", "create", "root", "--role", "admin", "--password-stdin",
        stdin="correct horse battery\n",
    )  # fmt: skip
    assert found.output == "Created admin root.\n"


@pytest.mark.parametrize(
    ("args", "stdin", "reason"),
    [
        (("users", "create", "Ada"), "", "not a valid account name"),
        (("users", "create", "ada", "--password-stdin"), "short\n", "too short"),
        (("users", "create", "ada", "--role", "king"), "", "is not one of 'member', 'admin'"),
    ],
)
def test_a_wrong_user_is_refused_in_one_line(
    app: Flask, args: tuple[str, ...], stdin: str, reason: str
) -> None:
    found = run(app, *args, stdin=stdin)
    assert found.exit_code != 0
    assert reason in found.output


def test_a_name_is_given_once(app: Flask) -> None:
    run(app, "users", "create", "ada")
    again = run(app, "users", "create", "ada")
    assert (again.exit_code, "account 'ada' already" in again.output) == (1, True)


def create(app: Flask, *options: str) -> Result:
    if app.extensions["larder"].stores.accounts.get("ada") is None:
        run(app, "users", "create", "ada")
    return run(app, "tokens", "create", "ada", *options)


def test_a_new_token_stands_alone_on_standard_output_and_works(
    app: Flask, client: FlaskClient
) -> None:
    found = create(app, "--permissions", "read,upload", "--projects", "*", "--label", "CI")
    assert re.fullmatch(r"larder_\S+\n", found.stdout)
    headers = {"Authorization": f"Bearer {found.stdout.strip()}"}
    assert client.get("/simple/", headers=headers).status_code == 200


@pytest.mark.parametrize("length", ["3s", "15m", "1h", "30d", "never"])
def test_a_token_may_live_for_any_length(app: Flask, length: str) -> None:
    found = create(app, "--permissions", "read", "--projects", "a,b", "--expires", length)
    assert found.exit_code == 0
    word = "never expires" if length == "never" else "expires 20"
    assert word in run(app, "tokens", "list", "ada").output


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--permissions", "write", "--projects", "*"), "'write' is no permission"),
        (("--permissions", ",", "--projects", "*"), "at least one permission"),
        (("--permissions", "read", "--projects", ","), "at least one project"),
        (("--permissions", "read", "--projects", "*,a"), "name it alone"),
        (("--permissions", "read", "--projects", "-a"), "not a valid project name"),
        (("--permissions", "read", "--projects", "*", "--expires", "1w"), "not a length of time"),
        (("--permissions", "admin", "--projects", "*"), "is no admin"),
        (("--permissions", "read", "--projects", "*", "--label", "a\tb"), "cannot be printed"),
        (("--projects", "*"), "Missing option '--permissions'"),
    ],
)
def test_a_wrong_token_is_refused_in_one_line(
    app: Flask, options: tuple[str, ...], reason: str
) -> None:
    found = create(app, *options)
    assert found.exit_code != 0
    assert reason in found.output


def test_a_token_needs_an_account(app: Flask) -> None:
    found = run(app, "tokens", "create", "bob", "--permissions", "read", "--projects", "*")
    assert (found.exit_code, "no account 'bob'" in found.output) == (1, True)
    assert run(app, "tokens", "list", "bob").exit_code == 1


def test_a_token_is_listed_without_itself_and_ends_when_revoked(
    app: Flask, client: FlaskClient
) -> None:
    token = create(app, "--permissions", "read", "--projects", "*").stdout.strip()
    listed = run(app, "tokens", "list", "ada").stdout
    token_id = listed.split()[0]
    assert token not in listed

    for _ in range(2):
        assert run(app, "tokens", "revoke", token_id).output == f"Revoked {token_id}.\n"

    assert "revoked" in run(app, "tokens", "list", "ada").output
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/simple/", headers=headers).status_code == 401


def test_a_token_can_be_revoked_by_itself_and_is_never_repeated(
    app: Flask, client: FlaskClient
) -> None:
    token = create(app, "--permissions", "read", "--projects", "*").stdout.strip()

    assert token not in run(app, "tokens", "revoke", token).output

    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/simple/", headers=headers).status_code == 401
    damaged = run(app, "tokens", "revoke", token[:-1])
    assert (damaged.exit_code, token[:-1] in damaged.output) == (1, False)


def test_revoking_what_is_not_there_is_refused(app: Flask) -> None:
    found = run(app, "tokens", "revoke", "nope")
    assert (found.exit_code, "no token with the id 'nope'" in found.output) == (1, True)


@pytest.mark.parametrize(
    "command", [["--help"], ["init"], ["users", "create"], ["tokens", "create"], ["tokens"]]
)
def test_every_command_explains_itself(app: Flask, command: list[str]) -> None:
    found = run(app, *command, "--help") if command != ["--help"] else run(app, *command)
    assert found.exit_code == 0
    assert "Usage:" in found.output
