"""The endpoints of a run: their models, asked politely and within the budget."""

from collections.abc import Callable
from functools import partial

from astral.config import BatchSettings, EndpointLimits, Settings
from astral.domain.batch import BatchEndpoint
from astral.domain.chat import ChatRequest, ModelRole
from astral.domain.ports import ChatModel
from astral.domain.price import FREE
from astral.execute import (
    BatchedModel,
    BatchLedger,
    Budget,
    LimitedModel,
    Limiter,
    MeteredModel,
    RetryingModel,
    TimedModel,
)
from astral.plugins import split_spec
from astral.workflow.journal import call_key
from astral.workflow.pricing import price_of_model

BATCH_PATIENCE_SECONDS = 1800.0
"""How long a provider may not say how far a batch is: nobody is in a hurry, and the answers stay there."""


class Endpoints:
    """One limiter an endpoint; roles that ask the same model at the same address share it, and no others do."""

    def __init__(self, settings: Settings, budget: Budget, note: Callable[[str], None] = lambda _: None) -> None:
        """Begin without endpoints, inside the event loop of the run.

        Args:
            settings: Say how many calls may be in flight, and what the user limits.
            budget: Holds all calls together.
            note: Is told when an endpoint stops answering, and when it answers again.
        """
        self._settings, self._budget, self._note = settings, budget, note
        self._limits = {split_spec(name): limits for name, limits in settings.limits.items()}
        self._limiters: dict[tuple[str, str | None], Limiter] = {}
        self._sharers = 1
        self._batched: list[BatchedModel] = []

    @property
    def is_down(self) -> bool:
        """Whether one of them has not answered for too long."""
        return any(each.down for each in (*self._limiters.values(), *self._batched))

    def shared_by(self, count: int) -> None:
        """Keep to one process's part of what the user limits, where so many ask the same endpoints."""
        if count != self._sharers:
            self._sharers = count
            for limiter in self._limiters.values():
                limiter.shared_by(count)

    def asked(
        self,
        model: ChatModel,
        spec: str,
        role: ModelRole,
        base_url: str | None,
        *,
        lost: Callable[[ChatRequest], None] = lambda _: None,
    ) -> ChatModel:
        """The model, each of whose calls waits for its turn, is paid for, and is sent again where that may help.

        Args:
            model: Sends each call once.
            spec: Its name in the settings.
            role: What it is asked for.
            base_url: Its address; None for the vendor's own.
            lost: Hears of each sending whose answer was lost on the way.
        """
        price = price_of_model(self._settings, role, spec) or FREE
        polite = LimitedModel(MeteredModel(model, self._budget, price), self.limiter(model.name, spec, base_url))
        return TimedModel(RetryingModel(polite, sleep=self._budget.sleep, lost=lost), self._budget)

    def batched(
        self,
        endpoint: BatchEndpoint,
        ledger: BatchLedger,
        spec: str,
        role: ModelRole,
        told: BatchSettings,
        *,
        lost: Callable[[ChatRequest], None],
    ) -> ChatModel:
        """The model, whose calls are collected and sent in batches, within the same budget.

        Args:
            endpoint: Takes the batches.
            ledger: Knows, and is told, what was sent.
            spec: Its name in the settings.
            role: What it is asked for.
            told: What the user wants of batches.
            lost: Hears of each call that came back without an answer and may have been billed.
        """
        model = BatchedModel(
            endpoint,
            ledger,
            key=partial(call_key, role, endpoint.name),
            budget=self._budget,
            price=price_of_model(self._settings, role, spec) or FREE,
            most_rows=told.rows,
            collect_seconds=told.collect_seconds,
            poll_seconds=told.poll_seconds,
            patience_seconds=BATCH_PATIENCE_SECONDS,
            note=self._note,
        )
        self._batched.append(model)
        return TimedModel(RetryingModel(model, sleep=self._budget.sleep, lost=lost), self._budget)

    def limiter(self, name: str, spec: str, base_url: str | None) -> Limiter:
        """The limiter of an endpoint; see `asked`.

        Args:
            name: Of the model, for people.
            spec: Its name in the settings.
            base_url: Its address; None for the vendor's own.
        """
        endpoint = (name, base_url)
        if endpoint not in self._limiters:
            told = self._limits.get(split_spec(spec), EndpointLimits())
            most = self._settings.concurrency
            self._limiters[endpoint] = Limiter(
                name,
                concurrency=min(most, told.concurrency or most),
                requests_per_minute=told.requests_per_minute,
                tokens_per_minute=told.tokens_per_minute,
                patience_seconds=told.patience_seconds,
                note=self._note,
            )
            self._limiters[endpoint].shared_by(self._sharers)
        return self._limiters[endpoint]


def endpoints_of(settings: Settings) -> Endpoints:
    """The endpoints of what is done outside of a run, all within the settings' one budget."""
    told = settings.budget
    return Endpoints(settings, Budget(max_tokens=told.tokens, max_dollars=told.dollars, max_minutes=told.minutes))
