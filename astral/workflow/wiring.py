"""From a manifest to the parts of its run."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any

from astral.assets import load_taxonomy
from astral.config import BatchSettings, Environment, Settings
from astral.domain.base import content_id
from astral.domain.chat import ModelRole
from astral.domain.ports import ChatModel, Embedder, EvidenceSource, Generator, LearningGenerator, Oracle, Target
from astral.domain.records import Control
from astral.domain.run import Manifest
from astral.errors import UserError
from astral.execute import Budget, ChatTarget, FunctionTarget, GuardedTarget, SampledTarget
from astral.generate import (
    SCREENED_LANGUAGES,
    SOURCE_LANGUAGE,
    WORDINGS,
    Conformance,
    Corpora,
    CorpusIndex,
    EachInTurn,
    Fetcher,
    Gates,
    ModelGate,
    PageCache,
    PageReader,
    Screen,
    TranslatingGenerator,
    Translator,
    TwinWriter,
    WebEvidence,
    check_web_extra,
    seed_entries,
)
from astral.judge import EachSample, OverRefusalOracle
from astral.plugins import GeneratorContext, PartContext, Port, has_part, make_part
from astral.providers import open_batches
from astral.record import Recorder, Store
from astral.testing import targets
from astral.workflow.answers import cached_model
from astral.workflow.attackers import (
    asks_model,
    chat_models,
    drafts_are_free,
    screens_by_meaning,
    web_sources,
    writers_of,
)
from astral.workflow.batches import RunBatches, is_batched
from astral.workflow.context import Context
from astral.workflow.corpora import CORPORA_FOLDER
from astral.workflow.endpoints import Endpoints
from astral.workflow.events import Listener
from astral.workflow.fitting import check_languages, composable_languages
from astral.workflow.imported import imported_digest, is_file_of_texts, published_digest, published_texts
from astral.workflow.journal import (
    JournalledModel,
    JournalledSource,
    RunJournal,
    WrittenAheadModel,
    count_lost_calls,
)
from astral.workflow.judges import definitions_of, embedded_oracle, front_guard, open_judge
from astral.workflow.patience import PatientTarget
from astral.workflow.planning import continued_results, planner_of
from astral.workflow.pricing import prices_by_role
from astral.workflow.requests import RecordedRequests, cached_embedder
from astral.workflow.talks import coursed, talking
from astral.workflow.transforms import transforming_by
from astral.workflow.workers import RemoteModel, RemoteTarget, Workers

TESTS_A_CALL = 2
"""Tests under way for each call that may be in flight: while one of them is recorded, the other one asks."""
MIN_ROUND = 32
"""Least tests of a round; one for each call in flight where there are more."""
TESTS_IN_FLIGHT = 8
"""Tests that are handed out ahead, for each call in flight: so many that the slowest of them holds up no other, and so
few that a search hears soon of what it found."""


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
        self._attackers: dict[str, ChatModel] = {}

    async def context(self) -> Context:
        run_id, settings = self.manifest.run_id, self.settings
        draws = self.store.draws(run_id)
        count_lost_calls(self.store, run_id)
        used, prices = self.store.usage(run_id), self.manifest.prices or prices_by_role(settings)
        self.budget = Budget(
            max_cases=settings.budget.cases,
            max_tokens=settings.budget.tokens,
            max_dollars=settings.budget.dollars,
            max_minutes=settings.budget.minutes,
            spent_cases=sum(draw.control is None for draw in draws),
            spent_tokens=sum(usage.tokens for usage in used.values()),
            spent_dollars=sum(price.dollars(used[role]) for role, price in prices.items() if price and role in used),
            told=self.listener.spent,
        )
        self.endpoints = Endpoints(settings, self.budget, self.listener.note)
        has_diversity = self.manifest.criterion.diversity is not None
        requests = RecordedRequests(self.store, run_id, self.embedder) if has_diversity else None
        planner = planner_of(self.manifest, requests)
        planner.observe(continued_results(self.manifest, self.store))
        # Parts that may be wrong come first, so that nothing slow precedes an error of the user.
        oracle = self.oracle()
        asked = self.targets(oracle)
        gates = Gates(self.languages)
        # A replay writes nothing, so no seeds are looked for.
        generators = [] if self.manifest.suite else await self.generators(gates)
        embedder = self.embedder if screens_by_meaning(settings) else None
        conformance = Conformance.shipped(embedder.name, settings.taxonomies) if embedder else None
        screen = Screen(gates, embedder, conformance=conformance, model_gate=self.model_gate())
        await asyncio.to_thread(screen.know, published_texts(settings))
        for remembered in (*(each for each in settings.novel_against if not is_file_of_texts(each)), run_id):
            cases = (case for _, case in self.store.cases(remembered))
            await asyncio.to_thread(
                screen.remember, (each for each in cases if each.lineage.generator != TwinWriter.name)
            )
        size = max(MIN_ROUND, settings.concurrency)
        under_way = settings.batch.rows if settings.batch else TESTS_A_CALL * settings.concurrency
        return Context(
            manifest=self.manifest,
            store=self.store,
            recorder=self.recorder,
            planner=planner,
            is_searching=settings.search is not None,
            generators=generators,
            screen=screen,
            max_drafts=settings.attacker.attempts,
            wordings=WORDINGS if drafts_are_free(settings) else 1,
            targets=asked,
            control_targets={
                Control.POSITIVE: FunctionTarget(targets.obeying, name="control:complying"),
                Control.NEGATIVE: FunctionTarget(targets.refusing, name="control:refusing"),
            },
            oracle=oracle,
            twins=TwinWriter(load_taxonomy(settings.taxonomies[0]), gates),
            twins_share=settings.twins,
            twins_oracle=OverRefusalOracle(embedded_oracle()),
            listener=self.listener,
            concurrency=settings.concurrency,
            round_size=size,
            lag=max(2, TESTS_IN_FLIGHT * settings.concurrency // size, ceil(under_way / size)),
            tests_under_way=under_way,
            controls=settings.controls,
            budget=self.budget,
            endpoints=self.endpoints,
        )

    def model_gate(self) -> ModelGate | None:
        """The model that is asked whether drafts are what their cells say; None where none is named."""
        told = self.settings.attacker
        if not told.gate_model:
            return None
        return ModelGate(self.attacker_model(told.gate_model), self.space)

    def targets(self, oracle: Oracle) -> Sequence[Target]:
        """The tested system: once, asked as often as the settings say; in a replay once for each sample of a case."""
        if self.manifest.suite:
            return self.samples(oracle, self.manifest.samples)
        led = self.samples(oracle, self.settings.target.samples)
        return led if len(led) == 1 else [SampledTarget(led)]

    def samples(self, oracle: Oracle, count: int) -> list[Target]:
        """The same system several times, with seeds of its own each; talks are led with it, and its tools answered."""
        told = self.settings.target
        if has_part(Port.TARGET, told.model):
            part: Target = self.part(Port.TARGET, told.model, ModelRole.TARGET, told.base_url)
            part = PatientTarget(part, slots=asyncio.Semaphore(self.settings.concurrency))
            samples = [part] * count
        else:
            model = self.model(told.model, ModelRole.TARGET, told.base_url)
            samples = [
                ChatTarget(
                    model,
                    system_prompt=told.system_prompt,
                    max_tokens=told.max_tokens,
                    temperature=told.temperature,
                    # The first answer is the one that a run with one sample gets.
                    seed=self.manifest.seed if number == 0 else int(content_id(self.manifest.seed, number), 16),
                )
                for number in range(count)
            ]
        return [
            talking(
                self.guarded(each),
                self.settings,
                self.space,
                oracle=oracle,
                open_attacker=self.attacker_model,
                part=self.part,
            )
            for each in samples
        ]

    def guarded(self, target: Target) -> Target:
        """The target behind its guard, where it has one."""
        told = self.settings.target.guard
        if told is None:
            return target
        guard = front_guard(told, lambda spec: self.model(spec, ModelRole.GUARD, told.base_url))
        return GuardedTarget(target, guard, sides=told.sides, stops=told.stops)

    def oracle(self) -> Oracle:
        """The judge: an oracle by its name, else a chat model that is asked wherever it is no plain refusal."""
        told = self.settings.judge
        context = PartContext(
            self.settings,
            self.environment,
            ModelRole.JUDGE,
            told.base_url,
            note=self.listener.note,
            open_model=lambda spec: self.model(spec, ModelRole.JUDGE, told.base_url),
            definitions=definitions_of(self.space),
        )
        return EachSample(open_judge(told.model, context, self.manifest.calibration))

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
        """Who writes cases, in the order in which they are asked.

        Raises:
            UserError: A part lacks what it works with, or imported requests have changed since the run began.
        """
        if imported_digest(self.settings) != self.manifest.imported:
            raise _changed_error(str(self.settings.attacker.cases), self.manifest.run_id)
        if published_digest(self.settings) != self.manifest.published:
            raise _changed_error(", ".join(filter(is_file_of_texts, self.settings.novel_against)), self.manifest.run_id)
        taxonomy, risks = load_taxonomy(self.settings.taxonomies[0]), self.space.dimensions[0]
        check_languages(self.settings, self.space)
        base_url, open_model = self.settings.attacker.base_url, self.attacker_model
        translator, models = self.settings.attacker.translator, chat_models(self.settings)
        written = [*self.languages, SOURCE_LANGUAGE] if translator else self.languages
        seeds = seed_entries(taxonomy, dict.fromkeys(written), risks=list(risks.by_id))
        index = CorpusIndex(self.settings.runs / "index", self.embedder, seeds=seeds)
        context = GeneratorContext(
            self.settings,
            self.environment,
            ModelRole.ATTACKER,
            base_url,
            note=self.listener.note,
            space=self.space,
            taxonomy=taxonomy,
            corpus=index,
            corpora=self.corpora(),
            web=self.web(),
            gates=gates,
            embedder=self.embedder,
            open_model=open_model,
            preparing=self.listener.preparing,
        )
        translating = Translator(open_model(translator), self.embedder) if translator else None
        transforming = transforming_by(
            self.settings,
            self.space,
            translating,
            rewriter=open_model(models[0]) if models else None,
            part=self.part,
        )
        made: list[Generator] = []
        for spec in writers_of(self.settings, self.space):
            writer: Generator = make_part(Port.GENERATOR, spec, context)
            if translating:
                native = SCREENED_LANGUAGES if asks_model(spec, models) else composable_languages(taxonomy)
                writer = TranslatingGenerator(writer, translating, native=native, gates=gates)
            made.append(coursed(transforming(writer), self.space))
        for generator in made:
            if isinstance(generator, LearningGenerator):
                for run_id, rounds in self.manifest.earlier.items():
                    generator.observe(self.store.tests(run_id, self.store.numbers(run_id, rounds_before=rounds)))
        return made

    def corpora(self) -> EvidenceSource | None:
        """The user's own corpora, in the versions that the manifest names; None where there are none.

        Raises:
            UserError: A corpus is gone, or has changed since the run began.
        """
        if self.settings.evidence.replay:
            return self.journalled("corpora", None) if self.settings.evidence.corpora else None
        if not self.manifest.corpora:
            return None
        found = Corpora(self.settings.runs / CORPORA_FOLDER, self.embedder)
        opened = [found.open(ref.name) for ref in self.manifest.corpora]
        for corpus, ref in zip(opened, self.manifest.corpora, strict=True):
            if corpus.facts.ref != ref:
                raise UserError(
                    f"The corpus {ref.name!r} has changed since run {self.manifest.run_id} began: it was version "
                    f"{ref.version} and is {corpus.facts.version}. Start a new run, or one with "
                    f"`--replay-evidence {self.manifest.run_id}`."
                )
        return self.journalled("corpora", EachInTurn(opened))

    def web(self) -> EvidenceSource | None:
        """What is asked outside of the machine's corpora; None where nothing is."""
        told, specs = self.settings.evidence, web_sources(self.settings)
        if not specs:
            return None
        if told.replay:
            return self.journalled("web", None)
        sources = [self.part(Port.EVIDENCE_SOURCE, spec, ModelRole.ATTACKER, None) for spec in specs]
        reader = None
        if told.pages:
            check_web_extra()
            cache = PageCache(self.settings.runs / "pages", hours=told.cache_hours)
            reader = PageReader(Fetcher(told.allow_hosts), cache)
        return self.journalled("web", WebEvidence(self.space.dimensions[0], sources, reader=reader))

    def journalled(self, name: str, source: EvidenceSource | None) -> JournalledSource:
        """A source whose findings are in the record; they come from another run's where that one is repeated."""
        repeated = self.settings.evidence.replay
        return JournalledSource(
            name,
            source,
            self._journal,
            repeated=RunJournal(self.store, self.recorder, repeated) if repeated else None,
            note=self.listener.note,
        )

    @cached_property
    def _journal(self) -> RunJournal:
        return RunJournal(self.store, self.recorder, self.manifest.run_id)

    def model(self, spec: str, role: ModelRole, base_url: str | None) -> ChatModel:
        """A chat model whose calls are journalled, polite and within the budget."""
        batch = self.settings.batch if is_batched(self.settings, role, spec) else None
        model = (
            self.batched(spec, role, base_url, batch)
            if batch
            else self.endpoints.asked(self.part(Port.CHAT_MODEL, spec, role, base_url), spec, role, base_url)
        )
        model = WrittenAheadModel(
            model, role, self._journal, is_late=lambda: self.budget.seconds_left == 0, is_batched=batch is not None
        )
        if self.settings.endpoint(role).cache:
            model = cached_model(model, spec, self.settings, role)
        self.closing.push_async_callback(model.close)
        return JournalledModel(model, role, self._journal)

    def batched(self, spec: str, role: ModelRole, base_url: str | None, told: BatchSettings) -> ChatModel:
        """A chat model that is asked in batches, which the record knows."""
        endpoint = open_batches(
            spec,
            role=role,
            endpoint=self.settings.endpoint(role),
            base_url=base_url,
            environment=self.environment,
            poll_seconds=told.poll_seconds,
        )
        ledger = RunBatches(
            self.store, self.recorder, self._journal, run_id=self.manifest.run_id, role=role, model=endpoint.name
        )
        return self.endpoints.batched(endpoint, ledger, spec, role, told)

    def attacker_model(self, name: str) -> ChatModel:
        """An attacker's model, opened once."""
        if name not in self._attackers:
            self._attackers[name] = self.model(name, ModelRole.ATTACKER, self.settings.attacker.base_url)
        return self._attackers[name]

    @cached_property
    def workers(self) -> Workers | None:
        """Who asks models and targets; None where this process does."""
        if not self.settings.workers:
            return None
        workers = Workers(self.settings)
        self.closing.callback(workers.close)
        return workers

    def part(self, port: Port, spec: str, role: ModelRole, base_url: str | None) -> Any:
        """A part by its name."""
        context = PartContext(self.settings, self.environment, role, base_url, note=self.listener.note)
        part = make_part(port, spec, context)
        if self.workers and port is Port.CHAT_MODEL:
            return RemoteModel(self.workers, part, spec, role, base_url)
        if self.workers and port is Port.TARGET:
            return RemoteTarget(self.workers, part, spec, base_url)
        return part


def _changed_error(named: str, run_id: str) -> UserError:
    return UserError(
        f"{named}: its requests have changed since run {run_id} began. Start a new run, or put the file back as it was."
    )
