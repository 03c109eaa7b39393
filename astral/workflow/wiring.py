"""From a manifest to the parts of its run."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from astral.assets import load_taxonomy
from astral.config import Environment, Settings
from astral.domain.chat import ModelRole
from astral.domain.ports import ChatModel, Embedder, Generator, Oracle, Target
from astral.domain.records import Control, Draw, Result
from astral.domain.run import Manifest
from astral.execute import Budget, ChatTarget, FunctionTarget, MeteredModel
from astral.generate import Composer, CorpusIndex, Gates, LLMAttacker, Screen, WebSearch, build_seed_corpus
from astral.plugins import PartContext, Port, has_part, make_part
from astral.record import Recorder, Store
from astral.testing import targets
from astral.workflow.context import Context
from astral.workflow.events import Listener
from astral.workflow.journal import JournalledModel, RunJournal
from astral.workflow.judges import definitions_of, open_judge
from astral.workflow.planning import planner_of
from astral.workflow.requests import RecordedRequests, cached_embedder

MIN_ROUND = 32
"""Least tests of a round. A round lasts as long as its slowest test, so it is several times the concurrency."""
TESTS_PER_WORKER = 4


@asynccontextmanager
async def wired(manifest: Manifest, store: Store, folder: Path, listener: Listener) -> AsyncGenerator[Context]:
    """The parts of a run, at the point that its record shows; they are closed when the block ends.

    Raises:
        UserError: A part is unknown, lacks its key, or cannot be loaded; nothing was sent then.
    """
    async with AsyncExitStack() as closing:
        recorder = await closing.enter_async_context(Recorder(store, manifest.run_id))
        yield await _Wiring(manifest, store, folder, listener, recorder=recorder, closing=closing).context()


class _Wiring:
    """Builds the parts, each from the settings in the manifest."""

    def __init__(
        self,
        manifest: Manifest,
        store: Store,
        folder: Path,
        listener: Listener,
        *,
        recorder: Recorder,
        closing: AsyncExitStack,
    ) -> None:
        self.manifest, self.store, self.folder, self.listener = manifest, store, folder, listener
        self.recorder, self.closing = recorder, closing
        self.settings = Settings.model_validate(manifest.settings)
        self.environment = Environment()
        self.space = manifest.space

    async def context(self) -> Context:
        run_id, settings = self.manifest.run_id, self.settings
        draws = self.store.draws(run_id)
        self.budget = Budget(
            max_cases=settings.budget.cases,
            max_tokens=settings.budget.tokens,
            max_minutes=settings.budget.minutes,
            spent_cases=sum(draw.control is None for draw in draws),
            spent_tokens=sum(usage.tokens for usage in self.store.usage(run_id).values()),
        )
        has_diversity = self.manifest.criterion.diversity is not None
        requests = RecordedRequests(self.store, run_id, self.embedder) if has_diversity else None
        planner = planner_of(self.manifest, requests)
        planner.observe(self._closed_tests())
        # Parts that may be wrong come first, so that nothing slow precedes an error of the user.
        target, oracle = self.target(), self.oracle()
        gates = Gates(self.languages)
        generators = await self.generators(gates)
        screen = Screen(gates, self.embedder)
        screen.remember([case for _, case in self.store.cases(run_id)])
        return Context(
            manifest=self.manifest,
            store=self.store,
            recorder=self.recorder,
            planner=planner,
            is_searching=settings.search is not None,
            generators=generators,
            screen=screen,
            max_drafts=settings.attacker.attempts,
            target=target,
            control_targets={
                Control.POSITIVE: FunctionTarget(targets.complying, name="control:complying"),
                Control.NEGATIVE: FunctionTarget(targets.refusing, name="control:refusing"),
            },
            oracle=oracle,
            listener=self.listener,
            concurrency=settings.concurrency,
            round_size=max(MIN_ROUND, TESTS_PER_WORKER * settings.concurrency),
            controls=settings.controls,
            budget=self.budget,
        )

    def target(self) -> Target:
        """The tested system."""
        told = self.settings.target
        if has_part(Port.TARGET, told.model):
            return self.part(Port.TARGET, told.model, ModelRole.TARGET, told.base_url)
        model = self.model(told.model, ModelRole.TARGET, told.base_url)
        return ChatTarget(
            model,
            system_prompt=told.system_prompt,
            max_tokens=told.max_tokens,
            temperature=told.temperature,
            seed=self.manifest.seed,
        )

    def oracle(self) -> Oracle:
        """The judge: an oracle by its name, else a chat model that is asked wherever it is no plain refusal."""
        told = self.settings.judge
        context = PartContext(
            self.settings,
            self.environment,
            ModelRole.JUDGE,
            told.base_url,
            open_model=lambda spec: self.model(spec, ModelRole.JUDGE, told.base_url),
            definitions=definitions_of(self.space),
        )
        return open_judge(told.model, context, self.manifest.calibration)

    @cached_property
    def embedder(self) -> Embedder:
        """The embedder, with its cache."""
        cached = cached_embedder(self.settings)
        self.closing.callback(cached.close)
        return cached

    @cached_property
    def languages(self) -> list[str]:
        """The active values of the language dimension; English where there is no such dimension."""
        dimension = self.space.by_id.get("language")
        return [value.id for value in dimension.values] if dimension else ["en"]

    async def generators(self, gates: Gates) -> Sequence[Generator]:
        """Who writes cases: the attacker, and behind it the composer, which never refuses."""
        told = self.settings.attacker
        taxonomy, risks = load_taxonomy(self.settings.taxonomies[0]), self.space.dimensions[0]
        attacker = None if told.model == "compose" else self.model(told.model, ModelRole.ATTACKER, told.base_url)
        rewriter = self.model("local", ModelRole.ATTACKER, None) if told.reword else None
        web = WebSearch(risks, warn=self.listener.note) if self.settings.web else None
        index = CorpusIndex(self.settings.runs / "index", self.embedder)
        await asyncio.to_thread(
            build_seed_corpus, index, taxonomy, self.languages, self._indexing, risks=list(risks.by_id)
        )
        composer = Composer(taxonomy, evidence=index, web=web, rewriter=rewriter, gates=gates)
        if attacker is None:
            return [composer]
        return [LLMAttacker(attacker, self.space, evidence=[index, web] if web else [index]), composer]

    def model(self, spec: str, role: ModelRole, base_url: str | None) -> ChatModel:
        """A chat model whose calls are journalled and held within the budget."""
        model: ChatModel = self.part(Port.CHAT_MODEL, spec, role, base_url)
        self.closing.push_async_callback(model.close)
        return JournalledModel(
            MeteredModel(model, self.budget), role, RunJournal(self.store, self.recorder, self.manifest.run_id)
        )

    def part(self, port: Port, spec: str, role: ModelRole, base_url: str | None) -> Any:
        """A part by its name."""
        return make_part(port, spec, PartContext(self.settings, self.environment, role, base_url))

    def _closed_tests(self) -> Iterator[tuple[Draw, Result]]:
        """The tests of all rounds that were done with; those of an open one are observed when it is."""
        last = self.store.last_round(self.manifest.run_id)
        open_numbers = set(last.numbers) if last and not last.is_closed else set[int]()
        for test in self.store.tests(self.manifest.run_id):
            if test.result is not None and test.draw.number not in open_numbers:
                yield test.draw, test.result

    def _indexing(self, done: int, total: int) -> None:
        self.listener.preparing("indexing seeds, once", done, total)
