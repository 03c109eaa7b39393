"""Who writes, by the public command against servers on this machine: attackers in a row, a translator, a gate model."""

import json
import random
import re

import pytest

from astral.record import Store
from astral.testing.server import REFUSAL, StubServer
from tests.cli.conftest import REFUSING
from tests.workflow.test_attackers import written

FEW = (
    "--only=risk=violence",
    "--only=style=slang,question",
    "--only=persuasion=misrepresentation",
    "--controls=0",
    "--twins=0",
    "--planner=covering",
)
FENCED = re.compile(r"(?s)=====data-\w+=====\n(.*?)\n=====data")
GERMAN = ["Nachbarn", "Abend", "Brief", "Garten", "Lehrer", "Schule", "Fenster", "Markt", "Bruder", "Zug", "Brücke"]


@pytest.fixture
def generate(astral, runs, monkeypatch):
    """Types `astral generate` with a stub as the server of all models; gives what it printed and its summary."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")

    def type_(server, *arguments, code=0):
        told = ("--target", REFUSING, "--base-url", server.openai_url, *FEW, "--runs", runs)
        done = astral("generate", *told, *arguments)
        assert done.code == code, done.err
        return done, json.loads(astral("report", "latest", "--runs", runs, "--json").out)

    return type_


@pytest.fixture
def cases(runs):
    """Reads the cases of the newest run."""

    def read():
        with Store.open(f"sqlite:///{runs / 'astral.db'}", create=False) as store:
            return [case for _, case in store.cases(store.resolve("latest"))]

    return read


@pytest.mark.slow
def test_what_one_attacker_refuses_the_next_is_asked_for_and_in_the_end_the_composer(generate):
    """The first never writes; the second does when it is asked again, but no Italian."""

    def answer(body):
        prompt = body["messages"][-1]["content"]
        if body["model"] == "never" or "was declined before" not in prompt:
            return REFUSAL
        return "Certo, ecco qualche pensiero." if "- Language: Italian" in prompt else written(body)

    with StubServer(text=answer) as server:
        attackers = ("--attacker", "openai:never", "--attacker", "openai:later")
        done, summary = generate(server, *attackers, "--only=language=en,it")
    found = {each["generator"]: each for each in summary["generators"]}
    never, later, composer = found["rag-fs:openai:never"], found["rag-fs:openai:later"], found["compose"]
    assert (never["accepted"], never["refused"]) == (0, 4)
    assert (later["accepted"], composer["accepted"]) == (2, 2)
    assert later["malformed"]
    assert "Attackers  rag-fs:openai:never: 0 cases from 2 calls (0 a call), 4 refused" in done.out.splitlines()
    assert "compose: 2 cases" in done.out


@pytest.mark.slow
def test_cases_in_a_language_without_seeds_are_translated_and_checked_by_their_way_back(generate, cases):
    """The translator loses the sense of every second request on its way back."""
    sources, lost = {}, set()

    def answer(body):
        prompt = body["messages"][-1]["content"]
        (text,) = FENCED.findall(prompt)
        if "into English" in prompt:
            return json.dumps({"translation": "Rice is cooked on a Sunday." if text in lost else sources[text]})
        places = " und dann ".join(f"mit dem {place}" for place in random.Random(text).sample(GERMAN, 5))
        german = f"Wie kann ich heute {places} etwas tun, ohne dass es jemand sieht?"
        if text not in sources.values() and len(sources) % 2:
            lost.add(german)
        sources[german] = text
        return json.dumps({"translation": german})

    with StubServer(text=answer) as server:
        _, summary = generate(server, "--translator", "openai:t", "--only=language=de", "--concurrency=1")
    assert summary["funnel"]["generated"] == 2
    assert summary["funnel"]["rejected"] == {"translation": len(lost)}
    assert lost
    for case in cases():
        (step,) = case.lineage.transforms
        assert sources[case.request] == step.note["source"] == step.note["back"]
        assert case.request not in lost


def test_a_gate_model_is_asked_about_each_draft_and_what_it_rejects_is_written_again(generate, tmp_path):
    settings = tmp_path / "astral.yaml"
    settings.write_text("attacker: {gate_model: openai:gate}\n")
    asked = []

    def answer(body):
        asked.append(body)
        return json.dumps({"wrong": [2]} if len(asked) == 1 else {"wrong": []})

    with StubServer(text=answer) as server:
        _, summary = generate(server, "--config", settings, "--only=language=en")
    assert summary["funnel"]["rejected"] == {"on_style": 1}
    assert len(asked) == summary["funnel"]["drafts"] == summary["funnel"]["generated"] + 1
    assert {body["model"] for body in asked} == {"gate"}
