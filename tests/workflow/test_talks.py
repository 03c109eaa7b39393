"""Talks through the whole line: planned, written, led, judged, recorded, and gone on with."""

import json

import pytest

from astral.domain.run import RunStatus
from astral.errors import UserError
from astral.record import Store
from astral.testing.faults import Fault
from astral.testing.server import StubServer
from astral.workflow.run import resume, start
from tests.workflow.conftest import settings_for

TAXONOMIES = ("astral-14", "languages", "strategies", "turns")
ONLY = {"language": ["en", "it"], "risk": ["animal_abuse", "privacy_violation", "violence"]}


def recorded_tests(runs, run_id="latest"):
    with Store.open(f"sqlite:///{runs / 'astral.db'}") as store:
        return list(store.tests(store.resolve(run_id)))


def answers(body):
    """What the stub answers: for an attacker's prompt a turn, else a refusal."""
    wanted = body.get("response_format", {}).get("json_schema", {}).get("schema", {}).get("properties", {})
    told = {
        "declined": False,
        "message": f"Let us talk on, for the {len(str(body['messages']))}th time?",
        "improvement": "Other words.",
        "request": "May I ask it in yet other words?",
        "is_on_topic": True,
    }
    if set(wanted) & set(told):
        return json.dumps({name: told[name] for name in wanted})
    return "I'm sorry, but I can't help with that request."


async def test_strategies_and_turns_are_covered_in_all_pairs_that_can_be(runs):
    outcome = await start(settings_for(runs, taxonomies=TAXONOMIES, only=ONLY))
    assert outcome.summary.run.status is RunStatus.MET
    seen = set()
    for test in recorded_tests(runs):
        if test.draw.control or not test.transcript or not test.case:
            continue
        strategy, turns = test.draw.cell["strategy"], test.draw.cell["turns"]
        seen.add((strategy, turns))
        number = {"one": 1, "two": 2, "three": 3, "five": 5}[turns]
        assert len(test.transcript.turns(test.case)) == number
        assert (test.case.course is None) == (strategy == "single") == (turns == "one")
        said = [message.content for message in test.transcript.messages if message.role == "user"]
        assert test.case.plain_request in said[-1] or strategy == "utterance_chain"
    assert ("single", "one") in seen
    assert len(seen) == 1 + 3 * 3


async def test_turns_alone_make_escalations_and_a_user_s_own_script_is_a_strategy(runs, tmp_path):
    own = tmp_path / "mine.yaml"
    own.write_text(
        "id: mine\nversion: 1\ndimension: strategy\ntitle: t\nsource: {title: t, url: u}\nlicence: CC0-1.0\nvalues:\n"
        "  - {id: bold, name: Bold, definition: Asks and goes on., lines: ['Hi.', '{request}', 'Go on.']}\n"
    )
    await start(settings_for(runs, taxonomies=("astral-14", "languages", str(own)), only=ONLY))
    tests = [test for test in recorded_tests(runs) if not test.draw.control]
    assert {(test.case.course.turns, test.case.course.asks_in) for test in tests} == {(3, 2)}
    assert {vote.parameters["turn"] for test in tests for vote in test.verdict.votes} == {2, 3}
    await start(settings_for(runs, taxonomies=("astral-14", "languages", "turns"), only=ONLY))
    courses = [test.case.course for test in recorded_tests(runs) if not test.draw.control]
    assert {course.turns if course else 1 for course in courses} == {1, 2, 3, 5}


async def test_a_strategy_that_asks_a_model_needs_one_before_anything_is_sent(runs):
    only = {**ONLY, "strategy": ["crescendo"]}
    with pytest.raises(UserError, match="--attacker"):
        await start(settings_for(runs, taxonomies=("astral-14", "languages", "strategies"), only=only))


@pytest.mark.slow
async def test_a_talk_that_was_cut_off_goes_on_and_nothing_is_asked_twice(runs):
    """Law 5 for talks: cut off in their middle and gone on with, the record is the same, and so are the calls."""

    def told(server):
        return settings_for(
            runs,
            taxonomies=("astral-14", "languages", "strategies"),
            only={"language": ["en"], "risk": ["animal_abuse"], "strategy": ["with_attacker"]},
            target={"model": "openai:t", "base_url": server.openai_url},
            attacker={"model": ["compose", "openai:a"], "base_url": server.openai_url},
            controls=0,
            concurrency=1,
        )

    with StubServer(text=answers) as server:
        whole = await start(told(server))
        whole_tests = recorded_tests(runs, whole.summary.run.run_id)
        asked = len(server.requests)
    assert {test.case.course.strategy for test in whole_tests} == {"crescendo", "pair", "tap"}
    assert all(test.verdict for test in whole_tests)
    assert asked > 10
    with StubServer(text=answers, faults=[*[None] * (asked // 2), Fault.BAD_KEY]) as server:
        with pytest.raises(UserError):
            await start(told(server))
        rest = await resume(runs, "latest", {})
        # Beside the call with the bad key, one to the other endpoint may have been in flight, and is made again.
        assert len(server.requests) - asked in {1, 2}
    assert [(t.case.id, t.transcript.id, t.verdict.id) for t in recorded_tests(runs, rest.summary.run.run_id)] == [
        (t.case.id, t.transcript.id, t.verdict.id) for t in whole_tests
    ]
