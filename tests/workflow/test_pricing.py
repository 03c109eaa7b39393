"""Which price a role's model has: the user's own, none for what runs here, the shipped one, or none known."""

from datetime import timedelta

import pytest

from astral.assets import load_prices
from astral.config import Settings
from astral.domain.chat import ModelRole
from astral.domain.run import RunStatus
from astral.errors import ExitCode, UserError
from astral.testing.server import StubServer
from astral.workflow.calls import calls_of
from astral.workflow.dry_run import _about_prices, dry_run
from astral.workflow.events import Silence
from astral.workflow.pricing import price_of, prices_by_role
from astral.workflow.run import resume, start
from astral.workflow.space import space_of
from tests.workflow.conftest import settings_for


class Notes(Silence):
    """Keeps what a person would be told."""

    def __init__(self):
        self.texts = []

    def note(self, text):
        self.texts.append(text)


MINI = load_prices()["openai:gpt-5-mini"]
OWN = {"input": 3, "output": 4}


def price_for(role, **told):
    return price_of(Settings.model_validate(told), role)


@pytest.mark.parametrize("name", ["openai:gpt-5-mini", "openai/gpt-5-mini"])
def test_a_shipped_price_is_found_in_both_spellings(name):
    assert price_for(ModelRole.JUDGE, judge={"model": name}) == MINI


@pytest.mark.parametrize("model", ["local", "local:/models/some.gguf", "python:mybot:answer"])
def test_what_runs_here_costs_nothing(model):
    price = price_for(ModelRole.TARGET, target={"model": model})
    assert (price.input, price.output) == (0, 0)


@pytest.mark.parametrize(
    "told", [{"model": "openai:gpt-99"}, {"model": "vllm:mine"}, {"model": "openai:gpt-5-mini", "base_url": "http://x"}]
)
def test_an_unknown_price_is_unknown_and_never_nothing(told):
    assert price_for(ModelRole.TARGET, target=told) is None


@pytest.mark.parametrize("name", ["openai:gpt-5-mini", "openai/gpt-5-mini"])
def test_a_price_of_one_s_own_goes_over_all_others(name):
    told = {"prices": {name: OWN}, "target": {"model": "openai:gpt-5-mini", "base_url": "http://x"}}
    assert price_for(ModelRole.TARGET, **told).input == 3
    assert price_for(ModelRole.TARGET, prices={"local": OWN}).output == 4


def test_a_dry_run_adds_the_roles_and_says_which_price_is_missing(tmp_path):
    told = {"target": {"model": "openai:gpt-5-mini"}, "judge": {"model": "openai:gpt-5-nano"}, "runs": tmp_path}
    facts, _ = dry_run(Settings.model_validate(told))
    dollars = [role.dollars_at_most for role in facts.calls]
    assert 0 < facts.dollars_at_most == pytest.approx(sum(dollars))
    assert "gpt-5-mini as of 2026" in " ".join(facts.assumptions)
    facts, _ = dry_run(Settings.model_validate({**told, "judge": {"model": "openai:gpt-99"}}))
    assert facts.dollars_at_most is facts.dollars_expected is None
    assert "No price is known of openai:gpt-99" in " ".join(facts.assumptions)


def test_the_target_s_most_dollars_are_those_of_its_prompts_and_longest_answers(tmp_path):
    told = {
        "target": {"model": "openai:mine", "max_tokens": 100},
        "prices": {"openai:mine": {"input": 0, "output": 1e6}},
        "twins": 0.1,
    }
    facts, _ = dry_run(Settings.model_validate({**told, "runs": tmp_path}))
    # Fourteen benign twins are put to the target as well.
    assert facts.calls[0].dollars_at_most == pytest.approx((140 + 14) * 100)


def test_a_dry_run_of_a_search_counts_its_budget(tmp_path):
    target = {"model": "openai:gpt-5-mini"}
    told = {"planner": "thompson", "budget": {"cases": 500}, "target": target, "twins": 0.1, "runs": tmp_path}
    facts, _ = dry_run(Settings.model_validate(told))
    assert (facts.cells, facts.tests_at_most, facts.calls[0].calls) == (140, 500, 550)
    assert "thompson searches on until 500 cases" in " ".join(facts.assumptions)


@pytest.mark.parametrize("judge", ["jury:local,openai:dear,openai:cheap", "cascade:openai:cheap,llm:openai:dear"])
def test_a_judge_of_several_models_costs_what_the_dearest_would(judge, tmp_path):
    prices = {"openai:dear": {"input": 3, "output": 4}, "openai:cheap": {"input": 1, "output": 5}}
    told = {"judge": {"model": judge}, "prices": prices, "runs": tmp_path}
    price = price_for(ModelRole.JUDGE, **told)
    assert (price.input, price.output) == (3, 5)
    assert price_for(ModelRole.JUDGE, judge={"model": judge}, prices={"openai:dear": OWN}) is None


def test_a_budget_of_money_wants_every_price():
    told = {"budget": {"dollars": 1}, "target": {"model": "openai:gpt-5-mini"}, "judge": {"model": "openai:gpt-99"}}
    with pytest.raises(UserError, match="that of openai:gpt-99 is not"):
        prices_by_role(Settings.model_validate(told))
    prices = prices_by_role(Settings.model_validate({**told, "judge": {"model": "jury:local,llm:openai:gpt-5-nano"}}))
    assert prices["target"] == MINI
    assert prices["judge"].output == load_prices()["openai:gpt-5-nano"].output
    assert (prices["attacker"].input, prices["attacker"].output) == (0, 0)


def test_a_dry_run_says_when_a_price_is_old():
    told = {"target": {"model": "openai:gpt-5-mini"}}
    settings = Settings.model_validate(told)
    calls = calls_of(settings, space_of(settings)[0], 10)
    read = load_prices()["openai:gpt-5-mini"].date
    assert "again" not in _about_prices(calls, read + timedelta(days=90))
    assert "openai:gpt-5-mini (91 days old, see https://" in _about_prices(calls, read + timedelta(days=91))


async def test_a_run_ends_before_its_money_does_and_goes_on_with_more_of_it(runs):
    with StubServer() as server:
        told = {
            "target": {"model": "openai:stub", "base_url": server.openai_url},
            "prices": {"openai:stub": {"input": 1000, "output": 5000}},
            # A call is bounded at its bytes and longest answer, near a dollar; in truth it costs 3.2 cents.
            "budget": {"dollars": 1.4},
        }
        cut_off = await start(settings_for(runs, **told))
        sent = len(server.requests)
        assert cut_off.exit_code is ExitCode.INCOMPLETE
        assert sent * 0.032 <= 1.4
        whole = await resume(runs, "latest", {"dollars": 20})
    assert whole.summary.run.status is RunStatus.MET
    assert whole.summary.dollars["target"] == pytest.approx(0.032 * len(server.requests))
    assert cut_off.summary.dollars["target"] == pytest.approx(0.032 * sent)
    assert 0 < sent < len(server.requests)
    assert "Cost: \\$0.96: target" in (whole.folder / "report.md").read_text()


async def test_an_endpoint_that_stays_away_ends_the_run_and_the_run_goes_on_when_it_is_back(runs):
    with StubServer() as server:
        pass
    gone = {"target": {"model": "openai:stub", "base_url": server.openai_url}}
    limits = {"openai:stub": {"patience_seconds": 0.5}}
    notes = Notes()
    outcome = await start(settings_for(runs, **gone, limits=limits, concurrency=16), notes)
    assert (outcome.summary.run.status, outcome.exit_code) == (RunStatus.FAILED, ExitCode.FAILED)
    assert "openai:stub has answered no call for 0.5 s" in " ".join(notes.texts)
    # What was not sent is no failure: it is done when the run goes on.
    assert outcome.summary.counts.failed < 10
    with StubServer(port=int(server.url.rpartition(":")[2])):
        whole = await resume(runs, "latest", {})
    assert whole.summary.run.status is RunStatus.MET
