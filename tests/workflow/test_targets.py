"""The whole line with targets that are not functions: programs, several answers a case, answers that are kept."""

import sys

from astral.domain.records import Result
from astral.record import Store
from astral.testing.server import StubServer
from astral.workflow.reporting import store_url
from astral.workflow.run import start
from tests.workflow.conftest import settings_for

ONE_RISK = {"language": ["en"], "risk": ["violence"], "style": ["slang", "question"]}
BOT = """
import json, sys
for number, line in enumerate(sys.stdin):
    if number == 2:
        sys.exit("tired")
    asked = json.loads(line)
    print(json.dumps({"id": asked["id"], "text": "I'm sorry, but I can't help with that."}), flush=True)
"""


def small(runs, target, **told):
    return settings_for(runs, target=target, only=ONE_RISK, controls=0, budget={"cases": 3}, **told)


async def test_a_program_that_dies_now_and_then_loses_no_case(runs, tmp_path):
    (tmp_path / "bot.py").write_text(BOT)
    outcome = await start(small(runs, {"model": f"exec:{sys.executable} {tmp_path / 'bot.py'}"}, concurrency=1))
    with Store.open(store_url(runs)) as store:
        tests = list(store.tests(outcome.folder.name))
    assert {test.result for test in tests} == {Result.SAFE}


async def test_kept_answers_are_not_paid_for_again_and_each_sample_is(runs):
    with StubServer() as server:
        target = {"model": "openai:m", "base_url": server.openai_url, "samples": 2, "cache": True}
        first = await start(small(runs, target))
        asked = len(server.requests)
        second = await start(small(runs, target))
        assert len(server.requests) == asked == 2 * len(_cases(runs, first))
    assert _cases(runs, first) == _cases(runs, second)
    with Store.open(store_url(runs)) as store:
        for test in store.tests(second.folder.name):
            assert len(test.transcript.others) == 1
            assert [vote.parameters["sample"] for vote in test.verdict.votes] == [0, 1]


def _cases(runs, outcome):
    with Store.open(store_url(runs)) as store:
        return [case.id for _, case in store.cases(outcome.folder.name)]
