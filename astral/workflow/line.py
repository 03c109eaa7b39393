"""The line with several rounds in flight: every test goes on to its next stage as soon as it is done with the last.

A round waits for nobody but the round that is `lag` before it, whose results decide what it draws. So the endpoint is
never idle while there is something to ask, and a run is still the same whenever it is repeated or resumed.
"""

import asyncio
from collections.abc import Iterable, Sequence

from astral.domain.records import Draw, Result, Stage
from astral.domain.run import RunStatus, TestRecord
from astral.errors import EndpointDownError, NothingNewError, StoppedError
from astral.workflow import nodes
from astral.workflow.context import Context
from astral.workflow.leasing import TESTS_A_LEASE, Leases
from astral.workflow.pool import first_error
from astral.workflow.stopping import next_status


class RoundInFlight:
    """Tests that were handed out together, until all of them have ended."""

    def __init__(self, number: int, tests: Sequence[TestRecord]) -> None:
        self.number = number
        self.tests = {test.draw.number: test for test in tests}
        self._open = {test.draw.number for test in tests if not test.is_finished}
        self.is_over = asyncio.Event()
        """Nothing of it is under way: it is finished, or the run was halted."""
        self._look()

    @property
    def is_finished(self) -> bool:
        """All its tests have ended."""
        return not self._open

    def take(self, test: TestRecord) -> None:
        """Note what a stage made of a test."""
        self.tests[test.draw.number] = test
        if test.is_finished:
            self._open.discard(test.draw.number)
            self._look()

    def results(self) -> list[tuple[Draw, Result]]:
        """How its tests ended so far, in the order of their numbers."""
        return [(test.draw, test.result) for _, test in sorted(self.tests.items()) if test.result is not None]

    def _look(self) -> None:
        if not self._open:
            self.is_over.set()


class Line:
    """Takes a run from where its record stands to its end."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rounds: dict[int, RoundInFlight] = {}
        self._planned: asyncio.Queue[RoundInFlight | None] = asyncio.Queue()
        self._written: asyncio.Queue[tuple[RoundInFlight, TestRecord] | None] = asyncio.Queue()
        self._learned = 0
        """Rounds from the first on that those who learn from what was found have heard of."""
        self._under_way = 0
        self._is_halted = self._is_lost = self._is_used_up = self._is_endpoint_down = False

    async def run(self) -> RunStatus:
        """Run until there is a reason to stop.

        Raises:
            AstralError: The first one that any stage raised; what was under way is cancelled.
        """
        leases = self._context.leases
        workers = 1 if leases else self._context.tests_under_way
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write_cases())
                for _ in range(workers):
                    group.create_task(self._lease_out(leases, group) if leases else self._work())
                await self._draw_rounds()
                self._planned.put_nowait(None)
                for _ in range(workers):
                    self._written.put_nowait(None)
        except BaseExceptionGroup as errors:
            raise first_error(errors) from errors
        return await self._status()

    async def _draw_rounds(self) -> None:
        """Hand out round after round, each as soon as the one `lag` before it is closed; then wait for the last."""
        number = await self._take_up()
        while not self._is_halted:
            await self._close(number - self._context.lag)
            if self._is_halted or await self._has_enough():
                break
            try:
                draws = await nodes.plan(self._context, number)
            except StoppedError as error:
                self._halt(error)
                break
            if not draws and not any(each.tests for each in self._rounds.values()):
                break
            self._begin(RoundInFlight(number, [TestRecord(draw=draw) for draw in draws]))
            number += 1
        while self._rounds and not self._is_halted:
            await self._close(min(self._rounds))

    async def _take_up(self) -> int:
        """Go on where the record stands; the number of the next round.

        The planner hears at once of the rounds of which that next one may know, and of the later ones in their turn, as
        if they were still in flight: whether they are makes no difference to what it draws.
        """
        store, run_id, planning = self._context.store, self._context.run_id, self._context.planning
        last = await asyncio.to_thread(store.last_round, run_id)
        if last is None:
            return 0
        in_flight = await asyncio.to_thread(store.rounds_since, run_id, last.number + 1 - self._context.lag)
        known = store.numbers(run_id, rounds_before=in_flight[0].number)
        tests = store.tests(run_id, known)
        await planning.observe((test.draw, test.result) for test in tests if test.result is not None)
        for each in in_flight:
            found = list(store.tests(run_id, each.numbers))
            await planning.take_up(test.draw for test in found)
            self._begin(RoundInFlight(each.number, found))
        return last.number + 1

    def _begin(self, this_round: RoundInFlight) -> None:
        self._context.spans.begin_round(this_round.number)
        self._rounds[this_round.number] = this_round
        self._planned.put_nowait(this_round)

    async def _has_enough(self) -> bool:
        """The criterion is met, or the budget spent."""
        context, budget = self._context, self._context.budget
        if budget.cases_left == 0 or budget.seconds_left == 0:
            return True
        progress = await context.planning.progress()
        context.listener.progress(progress)
        if progress.is_met and self._is_used_up:
            context.listener.note("Nothing new is left to say in the cells of this space: the search ends here.")
        return progress.is_met and (self._is_used_up or not context.is_searching)

    async def _close(self, number: int) -> None:
        """Wait until a round is finished, tell the planner how its tests ended, and close it."""
        this_round = self._rounds.get(number)
        if this_round is None:
            return
        await this_round.is_over.wait()
        if not this_round.is_finished:
            return
        del self._rounds[number]
        results = this_round.results()
        await nodes.record(self._context, number, results)
        self._context.spans.end_round(number)
        self._is_used_up = _is_used_up(this_round.tests.values())
        if _is_lost(results, least=self._context.round_size if number else 1) and not self._is_used_up:
            # An endpoint that is down would fail all others as well.
            self._is_lost = True
            self._halt()

    async def _write_cases(self) -> None:
        """Write the cases of one round after the other: each is screened against those before it."""
        context = self._context
        while (this_round := await self._planned.get()) is not None:
            if self._is_halted:
                continue
            tests = list(this_round.tests.values())
            if any(not test.case and not test.failure for test in tests):
                await self._learn(this_round.number - context.lag)
                if not self._under_way:
                    context.listener.stage(Stage.GENERATE, len(tests))
                try:
                    with context.spans.inside_round(this_round.number):
                        tests = await nodes.generate(context, tests)
                except StoppedError as error:
                    self._halt(error)
                    continue
                self._trace_unwritten(this_round, tests)
            for test in tests:
                this_round.take(test)
            waiting = [test for test in tests if not test.is_finished]
            self._under_way += len(waiting)
            context.listener.stage(Stage.EXECUTE, len(waiting))
            for test in waiting:
                self._written.put_nowait((this_round, test))

    def _trace_unwritten(self, before: RoundInFlight, tests: Iterable[TestRecord]) -> None:
        """Give a span to the tests that ended because nobody could write their case: nobody else looks at them."""
        for test in tests:
            if test.is_finished and not before.tests[test.draw.number].is_finished:
                with self._context.spans.case(before.number, test) as ended:
                    ended(test)

    async def _learn(self, last: int) -> None:
        """Let those who write from what was found know of the rounds up to this one, and of no later ones."""
        context = self._context
        learning = context.writers.learning
        if learning and last >= self._learned:
            known = context.store.numbers(context.run_id, rounds_before=self._learned)
            numbers = context.store.numbers(context.run_id, rounds_before=last + 1)[len(known) :]
            for each in learning:
                await asyncio.to_thread(each.observe, context.store.tests(context.run_id, numbers))
            self._learned = last + 1

    async def _work(self) -> None:
        """Take one test after the other through the stages that it lacks."""
        while (taken := await self._written.get()) is not None:
            if self._is_halted:
                continue
            this_round, test = taken
            try:
                with self._context.spans.case(this_round.number, test) as ended:
                    test = await nodes.work(self._context, test)
                    this_round.take(test)
                    ended(test)
            except StoppedError as error:
                self._halt(error)
            self._under_way -= 1

    async def _lease_out(self, leases: Leases, group: asyncio.TaskGroup) -> None:
        """Hand tests out to workers, some at a time, as soon as one of them is free."""
        while (taken := await self._written.get()) is not None:
            some = [taken]
            while len(some) < TESTS_A_LEASE and not self._written.empty():
                if (taken := self._written.get_nowait()) is None:
                    self._written.put_nowait(None)
                    break
                some.append(taken)
            await leases.free()
            if not self._is_halted:
                group.create_task(self._lease(leases, some))

    async def _lease(self, leases: Leases, some: Sequence[tuple[RoundInFlight, TestRecord]]) -> None:
        """Have some tests taken to their ends by a worker."""
        homes = {test.draw.number: this_round for this_round, test in some}
        listener = self._context.listener

        def ended(test: TestRecord) -> None:
            homes[test.draw.number].take(test)
            self._under_way -= 1
            for stage in (Stage.EXECUTE, Stage.JUDGE):
                listener.advanced(stage)
            if test.result and not test.draw.control:
                listener.finished(test.result)

        try:
            await leases.work([test for _, test in some], ended)
        except StoppedError as error:
            self._halt(error)

    def _halt(self, error: StoppedError | None = None) -> None:
        """Begin nothing new; what is under way comes to its end."""
        if error and not self._is_halted:
            self._context.listener.note(str(error))
        self._is_endpoint_down |= isinstance(error, EndpointDownError)
        self._is_halted = True
        for each in self._rounds.values():
            each.is_over.set()

    async def _status(self) -> RunStatus:
        context, budget = self._context, self._context.budget
        progress = await context.planning.progress()
        context.listener.progress(progress)
        return next_status(
            progress,
            is_round_finished=self._is_lost or not self._is_halted,
            is_round_lost=self._is_lost,
            is_budget_spent=budget.cases_left == 0 or budget.seconds_left == 0,
            is_searching=context.is_searching,
            is_used_up=self._is_used_up,
            is_endpoint_down=self._is_endpoint_down or context.endpoints.is_down,
        )


def _is_lost(results: Sequence[tuple[Draw, Result]], *, least: int) -> bool:
    """Whether every test failed, controls aside: those have targets of their own.

    Args:
        results: How the tests of a round ended.
        least: So many must have failed; what is left over at the end of a run is few tests, of the cells that failed
            before, and says nothing of the endpoint.
    """
    own = [result for draw, result in results if not draw.control]
    return len(own) >= least and all(result is Result.FAILED for result in own)


def _is_used_up(tests: Iterable[TestRecord]) -> bool:
    """Whether every test, controls aside, failed because all that could be said of its cell was said."""
    own = [test.failure for test in tests if not test.draw.control]
    return bool(own) and all(failure and failure.error == NothingNewError.__name__ for failure in own)
