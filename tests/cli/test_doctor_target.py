"""What `astral doctor` says of a target that does not work: what is wrong, and the next step."""

import pytest
from werkzeug import Response

from astral.cli.doctor_checks import target as looked_at
from astral.config import Settings
from astral.errors import AstralError
from astral.testing.faults import Fault
from astral.testing.server import StubServer


@pytest.fixture
def told(monkeypatch):
    """What is said of a target, and whether it works."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789")

    def ask(base_url, target="openai:m"):
        settings = Settings.model_validate({"target": {"model": target, "base_url": base_url}})
        try:
            code, text = 0, looked_at(settings)
        except AstralError as error:
            code, text = 3, str(error)
        assert "sk-planted" not in text
        return code, text

    return ask


def test_a_name_that_is_not_known(told):
    code, text = told("https://no-such-host.invalid/v1")
    assert code == 3
    assert "not known (DNS)" in text


def test_nobody_listens(told):
    with StubServer() as server:
        url = server.openai_url
    code, text = told(url)
    assert code == 3
    assert "connection refused" in text
    assert "Start the server" in text


def test_plain_http_where_tls_is_asked_for(told):
    with StubServer() as server:
        code, text = told(server.openai_url.replace("http:", "https:"))
    assert code == 3
    assert "does not speak TLS" in text


def models(*names):
    return {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}


def test_the_address_lacks_its_end(told, httpserver):
    httpserver.expect_request("/v1/models").respond_with_json(models("m"))
    code, text = told(httpserver.url_for("").rstrip("/"))
    assert code == 3
    assert f"Use `--base-url {httpserver.url_for('/v1')}`" in text


def test_a_web_page_instead_of_an_api(told, httpserver):
    httpserver.expect_request("/v1/models").respond_with_response(Response("<html>", content_type="text/html"))
    code, text = told(httpserver.url_for("/v1"))
    assert code == 3
    assert "web page" in text


def test_a_key_that_is_rejected(told, httpserver):
    httpserver.expect_request("/v1/models").respond_with_json({"error": {}}, status=401)
    code, text = told(httpserver.url_for("/v1"))
    assert code == 3
    assert "rejects the key (HTTP 401)" in text


def test_a_model_that_is_not_there_is_told_with_the_nearest(told, httpserver):
    httpserver.expect_request("/v1/models").respond_with_json(models("gpt-mini", "other"))
    httpserver.expect_request("/v1/chat/completions").respond_with_json({"error": {"message": "no m"}}, status=404)
    code, text = told(httpserver.url_for("/v1"), "openai:gpt-mimi")
    assert code == 3
    assert "HTTP 404" in text
    assert "Did you mean 'gpt-mini'?" in text


def test_an_empty_answer_works_and_is_told(told):
    with StubServer(text="") as server:
        code, text = told(server.openai_url)
    assert code == 0
    assert "empty" in text
    assert "--max-answer" in text


def test_a_used_up_quota(told):
    with StubServer(faults=[Fault.QUOTA] * 9) as server:
        code, text = told(server.openai_url)
    assert code == 3
    assert "HTTP 429" in text
    assert "limits requests" in text


def test_anthropic_s_address_that_says_too_much(told, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-planted-0123456789")
    with StubServer() as server:
        code, text = told(server.openai_url, "anthropic:m")
    assert code == 3
    assert f"Use `--base-url {server.url}`" in text
