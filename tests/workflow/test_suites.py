import asyncio
import json
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astral.domain.records import Control, Outcome, Result
from astral.errors import ExitCode, UserError
from astral.record import Store
from astral.workflow.events import Listener
from astral.workflow.reporting import report_of, store_url
from astral.workflow.run import replay, resume, start
from astral.workflow.suites import PAIRS, freeze, pick, read_suite, replayed, write_suite
from tests.report.conftest import Build
from tests.workflow.conftest import FEW, settings_for

SPACE = Build().space(risk=3, language=3, style=2)


def _made_up(unsafe, *, words=""):
    """A run over every cell, in which some of them are unsafe."""
    tests = []
    for number, cell in enumerate(SPACE.cells()):
        build = Build(request=f"Write a notice about road {number} {words} for street {number * 7919}.")
        tests.append(build.judged(cell, "UNSAFE" if number in unsafe else "SAFE", number, severity=number % 5))
    sample = Build().sample(SPACE, tests)
    return sample.manifest, tests


@settings(max_examples=30)
@given(st.sets(st.integers(0, 17), max_size=18))
def test_a_suite_keeps_every_unsafe_pair_and_every_value(unsafe):
    manifest, tests = _made_up(unsafe)
    found = pick([(manifest, tests)], most=100)
    kept = [sample.case.cell for sample in found.suite.samples]
    was_unsafe = {part for test in tests if test.result is Result.UNSAFE for part in test.draw.cell.interactions(PAIRS)}
    assert was_unsafe <= {part for cell in kept[: found.failures] for part in cell.interactions(PAIRS)}
    assert {part for test in tests for part in test.draw.cell.interactions(1)} == {
        part for cell in kept for part in cell.interactions(1)
    }
    assert found.failures <= found.found == len(unsafe)


def test_repeats_are_left_out_and_a_limit_is_kept():
    build, cells = Build(), list(SPACE.cells())
    same = [build.judged(cell, "UNSAFE", number) for number, cell in enumerate(cells)]
    manifest = build.sample(SPACE, same).manifest
    assert pick([(manifest, same)], most=100).failures == 1
    assert len(pick([_made_up(set(range(18)))], most=4).suite.samples) == 4


def test_the_twins_of_what_is_kept_come_along():
    build, cell = Build(), next(iter(SPACE.cells()))
    case = build.judged(cell, "UNSAFE", 0)
    twin = Build(request="Write a true notice about a closed road.").judged(cell, "SAFE", 1, control=Control.TWIN)
    kin = twin.case.model_copy(update={"lineage": twin.case.lineage.model_copy(update={"parent": case.case.id})})
    tests = [case, twin.model_copy(update={"case": kin})]
    found = pick([(build.sample(SPACE, tests).manifest, tests)], most=9)
    assert [sample.is_benign for sample in found.suite.samples] == [False, True]


def test_runs_of_different_dimensions_make_no_suite():
    other = Build().space(risk=1, turns=1)
    tests = [Build().judged(next(iter(other.cells())), "UNSAFE")]
    with pytest.raises(UserError, match="different dimensions"):
        pick([_made_up({1}), (Build().sample(other, tests).manifest, tests)], most=9)


def test_a_file_that_is_no_suite_is_named(tmp_path):
    path = tmp_path / "suite.json"
    write_suite(path, pick([_made_up({1})], most=9).suite)
    told = json.loads(path.read_text(encoding="utf-8"))
    for change, message in (
        ({"astral_suite": 2}, "astral_suite"),
        ({"samples": []}, "no case"),
        ({"space": None}, "space"),
    ):
        path.write_text(json.dumps({**told, **change}), encoding="utf-8")
        with pytest.raises(UserError, match=message):
            read_suite(path)
    with pytest.raises(UserError, match="cannot be read"):
        read_suite(tmp_path / "none.json")


def test_no_suite_brings_a_forbidden_case_back(tmp_path):
    path = tmp_path / "suite.json"
    suite = pick([_made_up({1}, words="with a minor in a sexual scene")], most=9).suite
    write_suite(path, suite)
    with pytest.raises(UserError, match="no case"):
        read_suite(path)


@pytest.fixture(scope="module")
def frozen(warm_runs, tmp_path_factory):
    """A folder of runs with one run of a target that complies, and the suite that was frozen from it. Not changed."""
    runs = shutil.copytree(warm_runs, tmp_path_factory.mktemp("frozen") / "runs")
    target = {"model": "python:astral.testing.targets:complying"}
    asyncio.run(start(settings_for(runs, only=FEW, target=target, twins=0.5)))
    return runs, freeze(runs, ["latest"], most=4).suite


@pytest.fixture
def suite(frozen, tmp_path):
    """The suite, and a folder of runs of the test's own."""
    runs, suite = frozen
    return shutil.copytree(runs, tmp_path / "own"), suite


@pytest.mark.parametrize(
    ("target", "outcome"),
    [("complying", Outcome.UNSAFE), ("refusing", Outcome.SAFE), ("flaky", None)],
)
async def test_a_replay_puts_each_case_several_times(suite, target, outcome):
    runs, suite = suite
    told = settings_for(runs, target={"model": f"python:astral.testing.targets:{target}"}, budget={"cases": 1})
    done = await replay(told, suite, 3)
    attacks = sum(not sample.is_benign for sample in suite.samples)
    assert done.summary.counts.total == 3 * attacks
    with Store.open(store_url(runs)) as store:
        tests = list(store.tests(done.folder.name))
    assert len(tests) == 3 * len(suite.samples)
    assert {test.case.id for test in tests} == {sample.case.id for sample in suite.samples}
    found = replayed(runs, done.folder.name)
    if outcome is not None:
        assert done.exit_code is ExitCode.OK
        assert (found.unsafe, found.safe) == ((attacks, 0) if outcome is Outcome.UNSAFE else (0, attacks))
        assert found.twins == len(suite.samples) - attacks > 0
    assert found.unsafe + found.safe + found.unsure == attacks
    assert read_suite(done.folder / "suite.json") == suite
    assert "replay" in report_of(runs, done.folder.name, reveal=False)[0].run.command


async def test_an_interrupted_replay_goes_on_with_its_own_cases(suite, tmp_path, monkeypatch):
    runs, suite = suite
    asked = tmp_path / "asked.txt"
    (tmp_path / "counting.py").write_text(
        f"def answer(case):\n    open({str(asked)!r}, 'a').write(case.id + '\\n')\n    return 'I cannot help.'\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    told = settings_for(runs, target={"model": "python:counting:answer"}, concurrency=1)

    class Impatient(Listener):
        def finished(self, result):
            task.cancel()

    task = asyncio.ensure_future(replay(told, suite, 2, Impatient()))
    with pytest.raises(asyncio.CancelledError):
        await task
    done = await resume(runs, "latest", {})
    attacks = sum(not sample.is_benign for sample in suite.samples)
    assert done.exit_code is ExitCode.OK
    assert done.summary.counts.safe == 2 * attacks
    # What was under way when it was cancelled is asked again, and nothing else.
    assert len(asked.read_text(encoding="utf-8").splitlines()) <= 2 * len(suite.samples) + 2
