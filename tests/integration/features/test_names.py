"""Names of new projects: reserved ones, and those that look like another project's."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain import filenames
from app.domain.account import AccountRole
from app.domain.names import normalize
from app.models.lookalike import LookAlikeItem
from app.store import keys
from app.store.stores import Stores
from tests import make

Clients = Callable[..., FlaskClient]


def publish(client: FlaskClient, name: str, version: str = "1.0") -> TestResponse:
    form = make.form(
        make.wheel(name, version),
        make.wheel_name(name, version),
        name=name,
        version=version,
    )
    return client.post("/legacy/", data=form)


def exists(stores: Stores, name: str) -> bool:
    return stores.projects.get(normalize(name)) is not None


@pytest.mark.parametrize("name", ["simple", "Requirements.txt"])
def test_a_reserved_name_is_refused_even_to_an_admin(
    as_: Clients, stores: Stores, name: str
) -> None:
    answer = publish(as_("root", role=AccountRole.ADMIN), name)

    assert (answer.status_code, "is reserved" in answer.text) == (400, True)
    assert not exists(stores, name)


@pytest.mark.parametrize("name", ["t001-kit", "Toolkit", "TOOL.K1T"])
def test_a_name_that_looks_like_a_project_of_somebody_else_is_refused(
    as_: Clients, stores: Stores, name: str
) -> None:
    publish(as_("ada"), "tool-kit")

    answer = publish(as_("bob"), name)

    assert answer.status_code == 403
    assert "looks like 'tool-kit'; choose another name" in answer.text
    assert not exists(stores, name)


def test_a_session_for_such_a_name_is_refused_before_any_byte_is_sent(as_: Clients) -> None:
    publish(as_("ada"), "tool-kit")
    release = {"meta": {"api-version": "2.0"}, "name": "toolkit", "version": "1.0"}

    answer = as_("bob").post("/upload/2.0/", json=release)

    assert (answer.status_code, "looks like 'tool-kit'" in answer.text) == (403, True)


def test_a_name_that_the_uploader_may_not_read_is_not_told(as_: Clients, stores: Stores) -> None:
    publish(as_("ada"), "tool-kit")
    narrow = as_("bob", {"upload"}, ("toolkit",))

    answer = publish(narrow, "toolkit")

    assert answer.status_code == 403
    assert "looks like that of another project" in answer.text
    assert "tool-kit" not in answer.text


def test_the_owner_may_have_both(as_: Clients, stores: Stores) -> None:
    ada = as_("ada")
    publish(ada, "tool-kit")

    assert publish(ada, "toolkit").status_code == 200
    assert publish(ada, "t00lkit").status_code == 200
    assert publish(as_("bob"), "too1kit").status_code == 403


@pytest.mark.parametrize("role", ["reader", "uploader", "maintainer"])
def test_another_role_than_owner_is_not_enough(as_: Clients, role: str) -> None:
    publish(as_("ada"), "tool-kit")
    as_("bob")
    given = as_("ada", {"manage"}).put("/api/v1/projects/tool-kit/roles/bob", json={"role": role})
    assert given.status_code == 200

    assert publish(as_("bob"), "toolkit").status_code == 403


def test_an_admin_may_have_every_look(as_: Clients) -> None:
    publish(as_("ada"), "tool-kit")
    assert publish(as_("root", role=AccountRole.ADMIN), "toolkit").status_code == 200


def test_the_twin_of_a_project_is_a_project_like_any_other(as_: Clients) -> None:
    ada = as_("ada")
    publish(ada, "tool-kit")
    publish(ada, "toolkit")
    role = {"role": "uploader"}
    as_("bob")
    as_("ada", {"manage"}).put("/api/v1/projects/toolkit/roles/bob", json=role)

    assert publish(as_("bob"), "toolkit", "2.0").status_code == 200


def test_a_project_that_another_upload_is_making_is_no_look_alike_of_itself(
    stores: Stores,
) -> None:
    """The items of one transaction are not seen at one moment: here the project comes later."""
    name = normalize("tool-kit")
    LookAlikeItem(keys.look_alike(name), keys.LOOK_ALIKE, project=name).save()
    dist = filenames.parse(make.wheel_name("tool-kit"))

    assert stores.files.survey(dist, "ada", now=datetime.now(UTC)).look_alike is None


def test_of_names_that_look_alike_one_is_given_however_many_ask_at_once(
    as_: Clients, stores: Stores
) -> None:
    spellings = ["tool-kit", "toolkit", "too1kit", "tooikit"]
    clients = [as_(f"user{number}") for number in range(len(spellings))]
    barrier, answers = threading.Barrier(len(spellings)), list[int]()

    def run(client: FlaskClient, name: str) -> None:
        barrier.wait()
        answers.append(publish(client, name).status_code)

    threads = [
        threading.Thread(target=run, args=pair) for pair in zip(clients, spellings, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200, 403, 403, 403]
    assert sum(exists(stores, name) for name in spellings) == 1
