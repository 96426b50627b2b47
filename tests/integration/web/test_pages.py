"""Pages for people, and headers of every answer."""

import pytest
from flask.testing import FlaskClient

from app.config import Config
from app.factory import create_app
from app.store.stores import Stores


@pytest.mark.parametrize("path", ["/", "/help"])
def test_the_lines_to_copy_name_this_host(client: FlaskClient, path: str) -> None:
    answer = client.get(path, base_url="https://packages.example.com")
    assert answer.status_code == 200
    assert "https://packages.example.com/simple/" in answer.text
    assert "https://packages.example.com/legacy/" in answer.text
    assert "machine packages.example.com" in answer.text


def test_the_configured_address_wins_over_the_host_header(stores: Stores) -> None:
    config = Config.from_env({"LARDER_PUBLIC_URL": "https://packages.example.com"})
    client = create_app(config, stores).test_client()
    answer = client.get("/help", base_url="http://evil.example")
    assert "https://packages.example.com/simple/" in answer.text
    assert "evil" not in answer.text


@pytest.mark.parametrize("tool", ["pip", "uv", "Poetry", "PDM", "twine", "Hatch and Flit"])
def test_the_help_page_knows_every_common_tool(client: FlaskClient, tool: str) -> None:
    assert f">{tool}</h2>" in client.get("/help").text


@pytest.mark.parametrize("path", ["/", "/help", "/simple/", "/healthz", "/nope", "/files/a/b"])
def test_every_answer_is_protected(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Request-Id"]


@pytest.mark.parametrize("name", ["css/larder.css", "js/copy.js", "img/larder.svg"])
def test_the_pages_parts_are_served(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/static/{name}")
    assert answer.status_code == 200
    assert "no-store" not in answer.headers["Cache-Control"]
    answer.close()


def test_health_is_told_without_asking_aws(client: FlaskClient) -> None:
    assert client.get("/healthz").text == "ok\n"
