"""What a run would cost, before anything is sent: cells, calls, tokens, money, time."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from math import floor

from astral.config import Environment, Settings
from astral.domain.base import Noun
from astral.domain.criterion import Criterion, OpenInteraction
from astral.domain.price import OLD_DAYS, money
from astral.domain.records import Result, Usage
from astral.domain.space import Cell
from astral.generate.screening import MAX_CHARACTERS
from astral.plan import CoveringPlanner
from astral.workflow.attackers import generator_specs
from astral.workflow.batches import check_batches
from astral.workflow.calls import BYTES_PER_TOKEN, RoleCalls, calls_of
from astral.workflow.fitting import check_languages
from astral.workflow.planning import check_search
from astral.workflow.space import criterion_of, space_of

_BATCH = 1000
_NAMED = 500
"""Infeasible interactions; nobody reads more."""


class Pace(Noun):
    """What a test of an earlier run took."""

    run_id: str
    seconds: float
    """Of the target, on average."""
    tests: int
    usage: Mapping[str, Usage]
    """Of all tests together, by role."""

    @property
    def tokens(self) -> float:
        """Of a test on average, all roles together."""
        return sum(usage.tokens for usage in self.usage.values()) / self.tests


class DryRun(Noun):
    """What a run would cost. The plan itself is the one that the run would follow."""

    levels: tuple[int, ...]
    dimensions: tuple[str, ...]
    criterion: Criterion
    strength: int
    cells: int
    """Tests if all of them are judged, less those that only a precision or a diversity asks for."""
    tests_at_most: int
    """The same with the tests that a precision takes where every rate is one half, its worst case, and with those of a
    search; never more than the budget of cases. Calls, tokens, money and time are those of so many tests."""
    searched: int
    """Those of them that follow when all is covered, up to the budget of cases."""
    lower_bound: int
    """Tests below which no plan could do."""
    seconds: float
    """What planning took."""
    required: int
    infeasible: int
    infeasible_interactions: tuple[OpenInteraction, ...]
    """At most 500 of them, and why no cell can hold each."""
    calls: tuple[RoleCalls, ...]
    tokens_at_most: int
    tokens_expected: int | None
    minutes_expected: float | None
    """Both from the newest earlier run with the same models; None where there is none."""
    dollars_at_most: float | None
    """US dollars for the most tokens; None where the price of a model that is called is not known."""
    dollars_expected: float | None
    """The same for the expected tokens."""
    assumptions: tuple[str, ...]


def dry_run(settings: Settings) -> tuple[DryRun, Sequence[Cell]]:
    """What a run with these settings would cost, and its cells in the order in which they would be tested.

    Raises:
        UserError: A setting is wrong.
    """
    check_search(settings)
    check_batches(settings)
    space, _ = space_of(settings)
    check_languages(settings, space)
    criterion = criterion_of(settings, space)
    start = time.perf_counter()
    # How many tests precision and diversity take depends on what comes of them, so the plan is that of all the rest.
    planned = criterion.model_copy(update={"precision": None, "diversity": None})
    planner = CoveringPlanner(space, planned, seed=settings.seed, attempts=settings.retries)
    cells: list[Cell] = []
    while draws := planner.draw(_BATCH):
        cells += (draw.cell for draw in draws)
        planner.observe((draw, Result.SAFE) for draw in draws)
    seconds = time.perf_counter() - start
    progress = planner.progress()
    precise = criterion.model_copy(update={"diversity": None})
    whole = CoveringPlanner(space, precise, seed=settings.seed, attempts=settings.retries)
    needed = max(len(cells), whole.progress().remaining)
    tests = _tests(settings, needed)
    calls = calls_of(settings, space, tests)
    pace = _pace(settings)
    facts = DryRun(
        levels=space.levels,
        dimensions=tuple(space.by_id),
        criterion=criterion,
        strength=criterion.strength,
        cells=len(cells),
        tests_at_most=tests,
        searched=max(0, tests - needed),
        lower_bound=planner.lower_bound,
        seconds=round(seconds, 3),
        required=progress.required,
        infeasible=len(progress.infeasible),
        infeasible_interactions=progress.infeasible[:_NAMED],
        calls=calls,
        tokens_at_most=sum(role.tokens_at_most for role in calls),
        tokens_expected=round(pace.tokens * tests) if pace else None,
        minutes_expected=round(pace.seconds * tests / settings.concurrency / 60, 2)
        if pace and not settings.batch
        else None,
        dollars_at_most=_total([role.dollars_at_most for role in calls]),
        dollars_expected=_expected_dollars(calls, pace, tests) if pace else None,
        assumptions=_assumptions(settings, calls, needed=needed, pace=pace),
    )
    return facts, cells


def _pace(settings: Settings) -> Pace | None:
    """What a test took in the newest run with the same models; None where there is none."""
    if not Environment().astral_store and not (settings.runs / "astral.db").exists():
        return None
    from astral.record import Store
    from astral.workflow.reporting import store_url

    models = _models(settings)
    with Store.open(store_url(settings.runs), create=False) as store:
        for run in store.runs():
            earlier = Settings.model_validate(store.manifest(run.run_id).settings)
            tests = [test for test in store.tests(run.run_id) if test.draw.control is None and test.transcript]
            if _models(earlier) == models and tests:
                seconds = sum(test.transcript.latency_seconds for test in tests if test.transcript)
                usage = store.usage(run.run_id)
                return Pace(run_id=run.run_id, seconds=seconds / len(tests), tests=len(tests), usage=usage)
    return None


def _models(settings: Settings) -> Mapping[str, object]:
    target = settings.target.model_copy(update={"base_url": None})
    attacker, judge = settings.attacker, settings.judge
    return {"target": target, "attacker": (generator_specs(settings), attacker.reword), "judge": judge.model}


def _total(dollars: Sequence[float | None]) -> float | None:
    known = [some for some in dollars if some is not None]
    return sum(known) if len(known) == len(dollars) else None


def _expected_dollars(calls: Sequence[RoleCalls], pace: Pace, tests: int) -> float | None:
    spent = [
        (pace.usage.get(role.role.value, Usage()), role.price) for role in calls if pace.usage.get(role.role.value)
    ]
    total = _total([price.dollars(usage) if price else None for usage, price in spent])
    return None if total is None else total / pace.tests * tests


def _tests(settings: Settings, needed: int) -> int:
    """Tests that a run takes at most: a search goes on until its budget is spent, and nothing goes beyond it."""
    limit = settings.budget.cases
    if limit is None:
        return needed
    return limit if settings.search is not None else min(needed, limit)


def _assumptions(settings: Settings, calls: Sequence[RoleCalls], *, needed: int, pace: Pace | None) -> tuple[str, ...]:
    """What the figures take for granted, each a sentence."""
    found = [
        "Every test is judged; a failed or blocked one is replaced by another, up to retries times an interaction.",
        f"The bound of tokens takes each byte for a token, cases of {MAX_CHARACTERS:,} characters, answers of "
        f"{BYTES_PER_TOKEN} bytes a token; it leaves out calls that are sent again after a network error.",
        _about_prices(calls, datetime.now(UTC).date()),
        _about_time(settings, pace),
    ]
    if settings.coverage.precision:
        found.append("Precision is counted at its worst, with every rate at one half; rates near 0 or 1 take far less.")
    if settings.coverage.diversity:
        found.append("How many more tests diversity takes is known only when requests are there; none are counted.")
    if settings.controls:
        found.append(f"{2 * settings.controls} controls are written and judged beside the cells.")
    if settings.attacker.transforms or any(taxonomy == "transforms" for taxonomy in settings.taxonomies):
        found.append("The bound leaves out that transforms lengthen cases (binary nine times) and may ask models.")
    if settings.twins:
        found.append(f"{floor(settings.twins * needed)} benign twins are put to the target beside the cells.")
    if settings.budget.dollars is not None:
        found.append(f"The budget of {money(settings.budget.dollars)} ends the run if that is less than it costs.")
    limit = settings.budget.cases
    if limit is not None and limit < needed:
        found.append(f"The budget of {limit:,} cases ends the run before the criterion is met.")
    elif limit is not None and settings.search is not None:
        found.append(f"When all is covered, {settings.search} searches on until {limit:,} cases are tested.")
    return tuple(found)


def _about_time(settings: Settings, pace: Pace | None) -> str:
    """How long it takes, and how that is known."""
    if settings.batch:
        return (
            "OpenAI's and Anthropic's models are asked in batches, at half the list price; the answers to each come "
            "within 24 hours, so no time is named."
        )
    if pace is None:
        return "There is no earlier run with these models, so no time is named."
    return (
        f"Time and expected tokens are those of run {pace.run_id}, for each test: {pace.seconds:.2f} s of the "
        f"target, {settings.concurrency} at a time; writing and judging are left out."
    )


def _about_prices(calls: Sequence[RoleCalls], today: date) -> str:
    """Which prices the money rests on, or which are missing."""
    unknown = {role.model: None for role in calls if role.dollars_at_most is None}
    if unknown:
        return (
            f"No price is known of {', '.join(unknown)}, so no money is named. Name it in astral.yaml: "
            f'`prices: {{"{next(iter(unknown))}": {{input: 1.0, output: 2.0}}}}`, in US dollars for a million tokens.'
        )
    dated = {role.model: role.price.date for role in calls if role.price and role.price.date}
    if not dated:
        return "What runs here costs no money; a price of your own in astral.yaml counts."
    read = ", ".join(f"{model} as of {day}" for model, day in dated.items())
    old = {
        role.model: f"{role.model} ({role.price.age_days(today)} days old, see {role.price.source})"
        for role in calls
        if role.price and role.price.age_days(today) > OLD_DAYS
    }
    told = f"Money is US dollars by list prices ({read}), without discounts, taxes, or tokens of hidden reasoning."
    if not old:
        return told
    return f"{told} Look at the prices of {', '.join(old.values())} again; `prices:` in astral.yaml goes over them."
