"""A run in batches: the same record as call by call, at half the price, and nothing sent twice after a kill."""

import asyncio
import signal
import subprocess
import sys
import time

import pytest
import yaml

from astral.config import Settings
from astral.domain.chat import ModelRole
from astral.domain.records import Ending, Result
from astral.errors import UserError
from astral.record import Store
from astral.testing.batches import Fate
from astral.testing.server import StubServer
from astral.workflow.pricing import price_of
from astral.workflow.reporting import store_url
from astral.workflow.run import resume, start
from tests.workflow.conftest import settings_for

QUICK = {"collect_seconds": 0.3, "poll_seconds": 0.05}
PRICES = {"openai:m": {"input": 2, "output": 8}, "anthropic:m": {"input": 2, "output": 8}}
BOTH = pytest.mark.parametrize("vendor", ["openai", "anthropic"])


def batch_settings(runs, vendor, server, **told):
    url = server.url if vendor == "anthropic" else server.openai_url
    return settings_for(runs, target={"model": f"{vendor}:m", "base_url": url}, prices=PRICES, **told)


def told_of(runs):
    with Store.open(store_url(runs)) as store:
        return [test for test in store.tests(store.resolve("latest")) if test.draw.control is None]


@BOTH
async def test_a_run_in_batches_records_what_single_calls_would_and_costs_half(runs, vendor):
    reason = "stop" if vendor == "openai" else "end_turn"
    with StubServer(text=lambda body: f"No to {body['messages'][-1]['content']}", finish_reason=reason) as server:
        few = {"budget": {"cases": 6}, "planner": "covering"}
        single = await start(batch_settings(runs, vendor, server, **few))
        expected = [test.transcript.id for test in told_of(runs)]
        batch = await start(batch_settings(runs, vendor, server, batch=QUICK, **few))
    assert [test.transcript.id for test in told_of(runs)] == expected
    assert len(server.batches.submitted) == 1
    assert batch.summary.dollars["target"] == pytest.approx(single.summary.dollars["target"] / 2)


@BOTH
async def test_rows_that_expired_or_were_wrong_are_failures_and_never_verdicts(runs, vendor):
    with StubServer(finish_reason="stop" if vendor == "openai" else "end_turn") as server:
        server.batches.fates = {0: Fate.EXPIRED, 1: Fate.BAD}
        await start(batch_settings(runs, vendor, server, batch=QUICK, budget={"cases": 5}, planner="covering"))
    results = [test.result for test in told_of(runs)]
    assert results.count(Result.FAILED) >= 2
    assert all(test.verdict is None for test in told_of(runs) if test.failure)
    assert {test.transcript.ending for test in told_of(runs) if test.transcript} == {Ending.ANSWERED}


@pytest.mark.slow
def test_a_run_killed_while_its_batch_is_at_the_provider_waits_for_it_when_resumed(runs, tmp_path):
    with StubServer() as server:
        server.batches.looks = 10**9
        told = batch_settings(runs, "openai", server, batch=QUICK).model_dump(mode="json", exclude_defaults=True)
        config = tmp_path / "astral.yaml"
        config.write_text(yaml.safe_dump({**told, "runs": str(runs)}))
        process = subprocess.Popen(
            [sys.executable, "-m", "astral", "generate", "--config", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not server.batches.submitted and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        server.batches.looks = 1
        asyncio.run(resume(runs, "latest", {}))
        assert len(server.batches.submitted) == 1
        assert not server.requests or all("messages" not in body for body in server.requests)
    assert all(test.verdict for test in told_of(runs))


def test_prices_are_halved_where_batches_are_asked_for_and_nowhere_else():
    told = {"target": {"model": "openai:m"}, "attacker": {"model": "openai:m"}, "prices": PRICES}
    plain, batch = Settings.model_validate(told), Settings.model_validate({**told, "batch": True})
    assert price_of(batch, ModelRole.TARGET).output == price_of(plain, ModelRole.TARGET).output / 2
    assert price_of(batch, ModelRole.ATTACKER) == price_of(plain, ModelRole.ATTACKER)


async def test_batches_of_a_model_that_takes_none_are_refused_before_anything_is_sent(runs):
    with pytest.raises(UserError, match="Leave `--batch` out"):
        await start(settings_for(runs, batch=True))
