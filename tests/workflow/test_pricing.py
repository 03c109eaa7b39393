"""Which price a role's model has: the user's own, none for what runs here, the shipped one, or none known."""

import pytest

from astral.assets import load_prices
from astral.config import Settings
from astral.domain.chat import ModelRole
from astral.workflow.dry_run import dry_run
from astral.workflow.pricing import price_of

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
