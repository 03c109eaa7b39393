from astral.record import Store
from astral.workflow.reporting import store_url
from astral.workflow.run import start
from tests.workflow.conftest import settings_for


async def test_a_run_repeats_no_case_of_the_runs_that_it_is_to_be_novel_against(runs):
    """The same seed would give the same cases again."""
    first = await start(settings_for(runs, budget={"cases": 10}))
    second = await start(settings_for(runs, budget={"cases": 10}, novel_against="latest"))
    with Store.open(store_url(runs)) as store:
        texts = [{case.request for _, case in store.cases(outcome.summary.run.run_id)} for outcome in (first, second)]
        assert not texts[0] & texts[1]
        assert store.manifest(second.summary.run.run_id).settings["novel_against"] == [first.summary.run.run_id]
