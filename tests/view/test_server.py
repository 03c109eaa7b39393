"""Who is let in, and what is sent."""

import http.client
import re

import pytest

from astral.assets import source_hash


@pytest.fixture
def ask(served):
    host, _, path = served.url.removeprefix("http://").partition("/")

    def send(to="", method="GET", base=None, **headers):
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.request(method, f"/{path if base is None else base}{to}", headers={"Host": host, **headers})
        reply = connection.getresponse()
        text = reply.read().decode()
        connection.close()
        return reply.status, reply.headers, text

    return send


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"base": ""}, 404),
        ({"base": "wrong/"}, 404),
        ({"Host": "attacker.example"}, 403),
        ({"to": "runs/no-such-run"}, 404),
        ({"to": "runs/../../etc/passwd"}, 404),
        ({"to": "else"}, 404),
        ({"method": "POST"}, 405),
    ],
)
def test_strangers_and_wrong_addresses_get_nothing(ask, asked, status):
    found, headers, text = ask(**asked)
    assert found == status
    assert "synthetic" not in text
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_of_all_runs_escapes_and_may_only_draw_its_charts(ask):
    status, headers, text = ask()
    assert status == 200
    assert "<b>other" not in text
    assert "&lt;b&gt;other&lt;/b&gt;" in text
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    (script,) = re.findall("<script>(.*?)</script>", text, re.DOTALL)
    assert f"'{source_hash(script)}'" in policy


def test_a_run_has_its_report_with_a_way_back(ask, served):
    status, headers, text = ask(to="runs/run-0")
    assert status == 200
    token = served.url.split("/")[3]
    assert f'<a href="/{token}/">All runs</a>' in text
    assert "decided answers" in text
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
