import csv

import pytest

from astral.assets import load_seeds
from astral.errors import UserError
from astral.record import Store
from astral.workflow.reporting import store_url
from astral.workflow.run import resume, start
from tests.workflow.conftest import settings_for


async def test_a_run_repeats_no_case_of_the_runs_that_it_is_to_be_novel_against(runs):
    """The same seed would give the same cases again."""
    first = await start(settings_for(runs, budget={"cases": 10}))
    second = await start(settings_for(runs, budget={"cases": 10}, novel_against="latest"))
    with Store.open(store_url(runs)) as store:
        texts = [{case.request for _, case in store.cases(outcome.summary.run.run_id)} for outcome in (first, second)]
        assert not texts[0] & texts[1]
        assert store.manifest(second.summary.run.run_id).settings["novel_against"] == [first.summary.run.run_id]


@pytest.fixture
def published(tmp_path):
    """Half of the seeds that the composer writes from, as if a benchmark had published them."""
    path = tmp_path / "benchmark.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["prompt"], *([text] for text in load_seeds("astral-14", "en")["violence"][::2])])
    return path


async def test_a_run_holds_no_text_of_a_file_that_it_is_to_be_novel_against(runs, published):
    told = {"only": {"language": ["en"], "risk": ["violence"]}, "novel_against": [str(published)]}
    outcome = await start(settings_for(runs, budget={"cases": 8}, **told))
    known = load_seeds("astral-14", "en")["violence"][::2]
    with Store.open(store_url(runs)) as store:
        run_id = outcome.summary.run.run_id
        requests = [case.request for _, case in store.cases(run_id) if case.lineage.generator != "twin"]
        assert requests
        assert not [text for text in known for request in requests if text in request]
        assert store.manifest(run_id).published
    published.write_text("prompt\nSomething else altogether.\n", encoding="utf-8")
    with pytest.raises(UserError, match="have changed since run"):
        await resume(runs, run_id, {"cases": 16})


async def test_a_file_that_is_missing_is_named_before_there_is_a_run(runs):
    with pytest.raises(UserError, match=r"nowhere\.csv: there is no such file"):
        await start(settings_for(runs, novel_against=["nowhere.csv"]))
    assert not (runs / "astral.db").exists()
