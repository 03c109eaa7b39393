"""The parts of a run by their names, and its chat models with all that stands around each call."""

from contextlib import AsyncExitStack
from functools import cached_property, partial
from typing import Any

from astral.config import BatchSettings, Environment, Settings
from astral.domain.chat import ModelRole
from astral.domain.ports import ChatModel, Embedder, Oracle
from astral.domain.run import Manifest
from astral.execute import Budget
from astral.generate import ModelGate
from astral.judge import EachSample, OverRefusalOracle
from astral.plugins import PartContext, Port, make_part, split_spec
from astral.providers import open_batches
from astral.record import Recorder, Store
from astral.tracking import Asked, Spans, TracedModel
from astral.workflow.answers import cached_model
from astral.workflow.batches import RunBatches, is_batched
from astral.workflow.endpoints import Endpoints
from astral.workflow.events import Listener
from astral.workflow.journal import (
    JournalledModel,
    RunJournal,
    WrittenAheadModel,
    count_lost_calls,
)
from astral.workflow.judges import definitions_of, open_judge, refusal_reader
from astral.workflow.leasing import Leases
from astral.workflow.lent import LentEmbedder, LentModel
from astral.workflow.pricing import Prices, dollars_of, prices_by_role
from astral.workflow.requests import cached_embedder, embedder_of


class RunParts:
    """Opens the parts of one run, each as the settings in its manifest say."""

    def __init__(
        self,
        manifest: Manifest,
        store: Store,
        listener: Listener,
        *,
        recorder: Recorder,
        spans: Spans,
        closing: AsyncExitStack,
        budget: Budget | None = None,
    ) -> None:
        """Take up a run.

        Args:
            manifest: Names the parts.
            store: Where its record is.
            listener: Watches the run.
            recorder: Writes to the record; open.
            spans: What tracing is told of its calls.
            closing: Closes what was opened.
            budget: Holds all calls; by default what is left of the run's, by its record.
        """
        self.manifest, self.store, self.listener = manifest, store, listener
        self.recorder, self.spans, self.closing = recorder, spans, closing
        self.settings = Settings.model_validate(manifest.settings)
        self.environment = Environment()
        self.space = manifest.space
        self.budget = budget or self._budget()
        self.endpoints = Endpoints(self.settings, self.budget, self.listener.note)
        self.leases: Leases | None = None
        """Workers that ask the attacker's models and embed; None where this process does so."""
        self._opened: dict[tuple[ModelRole, str], ChatModel] = {}

    def _budget(self) -> Budget:
        """What of the budget is left: the record says what was spent."""
        run_id, settings = self.manifest.run_id, self.settings
        count_lost_calls(self.store, run_id)
        used = self.store.usage(run_id)
        return Budget(
            max_cases=settings.budget.cases,
            max_tokens=settings.budget.tokens,
            max_dollars=settings.budget.dollars,
            max_minutes=settings.budget.minutes,
            spent_cases=sum(draw.control is None for draw in self.store.draws(run_id)),
            spent_tokens=sum(usage.tokens for usage in used.values()),
            spent_dollars=dollars_of(used, self.prices),
            told=self.listener.spent,
        )

    @cached_property
    def prices(self) -> Prices:
        """What the models cost, as known when the run began."""
        return self.manifest.prices or prices_by_role(self.settings)

    def part(self, port: Port, spec: str, role: ModelRole, base_url: str | None) -> Any:
        """A part by its name."""
        context = PartContext(self.settings, self.environment, role, base_url, note=self.listener.note)
        return make_part(port, spec, context)

    def model(self, spec: str, role: ModelRole, base_url: str | None) -> ChatModel:
        """A chat model whose calls are journalled, polite and within the budget."""
        batch = self.settings.batch if is_batched(self.settings, role, spec) else None
        if batch:
            model = self._written_ahead(self.batched(spec, role, base_url, batch), role, is_batched=True)
        else:
            part: ChatModel = self.part(Port.CHAT_MODEL, spec, role, base_url)
            if self.leases and role is ModelRole.ATTACKER:
                model = LentModel(part, spec, self.leases)
            else:
                lost = partial(self.journal.lost, role, part.name)
                model = self._written_ahead(self.endpoints.asked(part, spec, role, base_url, lost=lost), role)
        if self.settings.endpoint(role).cache:
            model = cached_model(model, spec, self.settings, role)
        if self.spans.is_on:
            provider, name = split_spec(spec)
            model = TracedModel(model, self.spans, Asked(role, provider, name or provider, base_url))
        self.closing.push_async_callback(model.close)
        return JournalledModel(model, role, self.journal)

    def _written_ahead(self, model: ChatModel, role: ModelRole, *, is_batched: bool = False) -> ChatModel:
        return WrittenAheadModel(
            model, role, self.journal, is_late=lambda: self.budget.seconds_left == 0, is_batched=is_batched
        )

    def batched(self, spec: str, role: ModelRole, base_url: str | None, told: BatchSettings) -> ChatModel:
        """A chat model that is asked in batches, which the record knows."""
        endpoint = open_batches(
            spec,
            role=role,
            endpoint=self.settings.endpoint(role),
            base_url=base_url,
            environment=self.environment,
            poll_seconds=told.poll_seconds,
            replicas=told.replicas,
        )
        ledger = RunBatches(
            self.store, self.recorder, self.journal, run_id=self.manifest.run_id, role=role, model=endpoint.name
        )
        lost = partial(self.journal.lost, role, endpoint.name)
        return self.endpoints.batched(endpoint, ledger, spec, role, told, lost=lost)

    def attacker_model(self, name: str) -> ChatModel:
        """An attacker's model, opened once."""
        return self._once(name, ModelRole.ATTACKER, self.settings.attacker.base_url)

    def oracle(self) -> Oracle:
        """The judge: an oracle by its name, else a chat model that is asked wherever it is no plain refusal."""
        return EachSample(open_judge(self.settings.judge.model, self._judging, self.manifest.calibration))

    def twins_oracle(self) -> Oracle:
        """Who says whether a benign twin was refused: the same judge, as far as it can."""
        return OverRefusalOracle(refusal_reader(self.settings.judge.model, self._judging))

    @cached_property
    def _judging(self) -> PartContext:
        told = self.settings.judge
        return PartContext(
            self.settings,
            self.environment,
            ModelRole.JUDGE,
            told.base_url,
            note=self.listener.note,
            open_model=lambda spec: self._once(spec, ModelRole.JUDGE, told.base_url),
            definitions=definitions_of(self.space),
        )

    def _once(self, spec: str, role: ModelRole, base_url: str | None) -> ChatModel:
        if (role, spec) not in self._opened:
            self._opened[role, spec] = self.model(spec, role, base_url)
        return self._opened[role, spec]

    def model_gate(self) -> ModelGate | None:
        """The model that is asked whether drafts are what their cells say; None where none is named."""
        told = self.settings.attacker
        if not told.gate_model:
            return None
        return ModelGate(self.attacker_model(told.gate_model), self.space)

    @cached_property
    def embedder(self) -> Embedder:
        """The embedder, with its cache."""
        lent = LentEmbedder(embedder_of(self.settings), self.leases) if self.leases else None
        cached = cached_embedder(self.settings, lent)
        self.closing.callback(cached.close)
        return cached

    @cached_property
    def languages(self) -> list[str]:
        """The active values of the language dimension; English where there is no such dimension."""
        dimension = self.space.by_id.get("language")
        return [value.id for value in dimension.values] if dimension else ["en"]

    @cached_property
    def journal(self) -> RunJournal:
        """The calls of this run, in its record."""
        return RunJournal(self.store, self.recorder, self.manifest.run_id)
