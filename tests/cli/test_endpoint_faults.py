"""The public command at a server that goes wrong: nothing is lost, broken, or sent more often than it may be."""

import json

import pytest

from astral.testing.accounts import FAULTS, account_of
from astral.testing.answers import talk_or_vote
from astral.testing.faults import Fault
from astral.testing.server import StubServer


def generate(server, runs, cases):
    return (
        *("generate", "--attacker", "compose", "--target", "openai:stub", "--judge", "openai:stub-judge"),
        *("--base-url", server.openai_url, "--max-cases", str(cases), "--concurrency", "64", "--twins", "0"),
        *("--runs", runs),
    )


@pytest.mark.slow
def test_no_case_is_lost_and_none_is_judged_on_a_broken_answer(spawned, tmp_path):
    with StubServer(fault_shares=FAULTS, seed=2, text=talk_or_vote()) as server:
        done = spawned(*generate(server, tmp_path, 2000))
        account = account_of(server.log, tmp_path)
    assert done.code in {0, 4}, done.err
    assert (account.tests, account.lost, account.unknown_answers, account.beyond_retries) == (2000, 0, 0, 0)
    # Some were sent again and again, so that the counts above say something.
    assert account.most_sendings > 2
    assert {each.fault for each in server.log} == {None, *FAULTS}


@pytest.mark.slow
def test_a_quota_that_is_used_up_in_mid_run_ends_it_in_order_and_it_goes_on(spawned, tmp_path):
    faults = [None] * 40 + [Fault.QUOTA] * 200
    with StubServer(faults=faults, text=talk_or_vote()) as server:
        cut_off = spawned(*generate(server, tmp_path, 60))
        assert cut_off.code == 3
        assert "has no quota or credit left: openai:stub" in " ".join(cut_off.err.split())
        assert "Go on with `astral resume` when there is some." in " ".join(cut_off.err.split())
        assert "Traceback" not in cut_off.err
        # Those in flight when it was used up, and none after.
        assert len(server.log) < 40 + 2 * 64
    answered = {json.dumps(each.body) for each in server.log if each.fault is None}
    with StubServer(port=int(server.url.rpartition(":")[2]), text=talk_or_vote()) as again:
        whole = spawned("resume", "latest", "--runs", tmp_path)
        account = account_of([*server.log, *again.log], tmp_path)
    assert whole.code == 4, whole.err
    assert (account.tests, account.judged, account.lost) == (60, 60, 0)
    # What was answered, and paid for, is not asked again.
    assert not answered & {json.dumps(each.body) for each in again.log}


TALKS = """
taxonomies: [astral-14, languages, strategies]
only: {language: [en], risk: [animal_abuse, privacy_violation, violence], strategy: [scripts, with_attacker]}
target: {model: "openai:stub", base_url: URL, max_tokens: 40}
attacker: {model: [compose, "openai:stub-attacker"], base_url: URL}
prices: {"openai:stub": {input: 10, output: 40}, "openai:stub-attacker": {input: 10, output: 40}}
budget: {dollars: 0.2}
controls: 0
twins: 0
concurrency: 64
"""
A_CALL = (7 * 10 + 5 * 40) / 10**6
"""Dollars, of a call that the stub served, whether its answer arrived or not."""


@pytest.mark.slow
def test_talks_that_the_money_cuts_off_never_cost_more_than_it_over_resumes_too(spawned, tmp_path):
    def said(body):
        """What an attacker's model answers fits the schema that it is asked for."""
        if "attacker" not in body["model"]:
            return "I would rather talk about something else. What do you think of that?"
        named = body["response_format"]["json_schema"]["schema"]["properties"]
        return json.dumps({name: told["type"] != "string" or "Would you say more?" for name, told in named.items()})

    with StubServer(fault_shares={**FAULTS, Fault.LOST: 0.1}, seed=3, text=said) as server:
        (tmp_path / "astral.yaml").write_text(TALKS.replace("URL", server.openai_url))
        ends = [spawned("generate", cwd=tmp_path), *(spawned("resume", "latest", cwd=tmp_path) for _ in range(2))]
        served = [each for each in server.log if each.fault in {None, Fault.LOST, Fault.MALFORMED, Fault.RESET}]
        assert ends[0].code == 4, ends[0].err
        assert {end.code for end in ends} <= {0, 4}
        assert "--max-dollars` raises it" in ends[0].err
        assert len(served) > 10
        assert len(served) * A_CALL <= 0.2
        more = spawned("resume", "latest", "--max-dollars", "100", cwd=tmp_path)
    assert more.code == 0, more.err
