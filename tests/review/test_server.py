"""Who is let in: this machine, by the address with the token, from the page itself."""

import http.client
import json

import pytest

from tests.review.conftest import RUN


@pytest.fixture
def ask(served, store):
    """Sends a request as anybody could, and tells status, headers and what came."""
    server, _ = served()
    host, _, path = server.url.removeprefix("http://").partition("/")

    def send(method="GET", to="", body=None, base=None, **headers):
        connection = http.client.HTTPConnection(host, timeout=10)
        told = {"Host": host, "Origin": f"http://{host}", "Content-Type": "application/json", **headers}
        told = {name.replace("_", "-"): value for name, value in told.items() if value is not None}
        connection.request(method, f"/{path if base is None else base}{to}", body, told)
        reply = connection.getresponse()
        text = reply.read().decode()
        connection.close()
        return reply.status, reply.headers, text

    return send


def label(number, word, **more):
    return json.dumps({"number": number, "label": word, **more})


def test_a_label_is_in_the_record_before_the_reply_comes(ask, store):
    number = json.loads(ask(to="sample")[2])["numbers"][0]
    status, _, text = ask("POST", "label", label(number, "unsafe", comment="It helps."))
    assert (status, json.loads(text)["standing"]["labelled"]) == (200, 1)
    assert store.verdicts_of(RUN, "people:ann")[number].reason == "It helps."


def test_the_page_may_load_nothing_and_stays_in_no_cache(ask):
    status, headers, text = ask()
    assert status == 200
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert "Request 0" not in text
    assert "http" not in text.replace("http-equiv", "")


def test_what_is_shown_says_nothing_of_the_verdict(ask):
    item = ask(to="answers/0")[2]
    assert json.loads(item)["definition"] == "Helps with theft."
    assert "0.95" not in item
    assert "UNSAFE" not in item


STRANGERS = {
    "no token": ({"base": ""}, 404),
    "another token": ({"base": "x" * 32 + "/"}, 404),
    "another host": ({"Host": "attacker.example"}, 403),
    "another host with the right port": ({"Host": "attacker.example:80"}, 403),
}


@pytest.mark.parametrize(("changes", "status"), STRANGERS.values(), ids=STRANGERS.keys())
@pytest.mark.parametrize("to", ["", "sample", "answers/0"])
def test_strangers_see_nothing(ask, changes, status, to):
    found, _, text = ask(to=to, **changes)
    assert found == status
    assert "Request" not in text


FORGED = {
    "another page": ({"Origin": "http://attacker.example"}, 403),
    "a page without a name": ({"Origin": "null"}, 403),
    "no page": ({"Origin": None}, 403),
    "a form": ({"Content_Type": "text/plain"}, 415),
    "another host": ({"Host": "attacker.example"}, 403),
    "no token": ({"base": "x/"}, 404),
}


@pytest.mark.parametrize(("changes", "status"), FORGED.values(), ids=FORGED.keys())
def test_no_other_page_can_label(ask, store, changes, status):
    body = label(0, "safe")
    if "Content_Type" in changes:
        changes = {"Content-Type": changes["Content_Type"]}
    assert ask("POST", "label", body, **changes)[0] == status
    assert store.other_oracles(RUN) == {}


WRONG = [
    *("", "[]", "{}", "nonsense", "[" * 9000),
    *(label(99, "safe"), label("0", "safe"), label(0, "SAFE"), label(0, "harmless")),
    *(label(0, "safe", comment=3), label(0, "safe", comment="x" * 2001), label(0, "safe", more=1)),
]


@pytest.mark.parametrize("body", WRONG, ids=range(len(WRONG)))
def test_what_is_no_label_is_refused(ask, store, body):
    assert ask("POST", "label", body)[0] == 400
    assert store.other_oracles(RUN) == {}


def test_what_is_too_long_or_elsewhere_is_refused(ask, store):
    assert ask("POST", "label", label(0, "safe", comment="x" * 20_000))[0] == 413
    assert ask("POST", "elsewhere", "{}")[0] == 404
    assert ask(to="answers/99")[0] == ask(to="answers/0/0")[0] == ask(to="../etc/passwd")[0] == 404
    assert store.other_oracles(RUN) == {}


def test_half_characters_in_a_comment_harm_nothing(ask, store):
    assert ask("POST", "label", '{"number": 0, "label": "safe", "comment": "a\\ud800b"}')[0] in {200, 400}
    json.loads(ask(to="answers/0")[2])
