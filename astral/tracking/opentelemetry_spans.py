"""A run as OpenTelemetry spans. Calls of models follow the semantic conventions for generative AI; the rest is ours.

The conventions are still in development; these are those of 2026, without the attributes that they call deprecated:
https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, TracerProvider

from astral import __version__
from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.records import Ending, Message, Result
from astral.domain.run import Manifest, RunStatus, TestRecord
from astral.tracking.spans import Asked, Spans

Attribute = str | int | float | bool | list[str]
_PROVIDERS = {"azure": "azure.ai.openai"}
"""Names of providers that the conventions give and astral does not; all others are called what astral calls them."""
_FINISH = {
    Ending.ANSWERED: "stop",
    Ending.EMPTY: "stop",
    Ending.REFUSED: "refusal",
    Ending.BLOCKED: "content_filter",
    Ending.TRUNCATED: "length",
}


class OpenTelemetrySpans(Spans):
    """Spans by a tracer; texts of cases and answers are in none unless they are asked for."""

    is_on = True

    def __init__(self, provider: TracerProvider, *, with_content: bool = False) -> None:
        """Take a tracer of the provider.

        Args:
            provider: Whoever passes it shuts it down.
            with_content: Put the messages of calls, and the judges' reasons, into spans.
        """
        self._tracer: Tracer = provider.get_tracer("astral", __version__)
        self._with_content = with_content
        self._rounds: dict[int, Span] = {}
        self._run_context: contexts.Context | None = None

    @contextmanager
    def run(self, manifest: Manifest) -> Generator[Callable[[RunStatus], None]]:
        """The run; rounds that are open when it ends, end with it."""
        told: dict[str, Attribute] = {
            "astral.run.id": manifest.run_id,
            "astral.seed": manifest.seed,
            **{f"astral.model.{role}": model for role, model in manifest.models.items()},
        }
        if manifest.suite:
            told["astral.suite.id"] = manifest.suite
        with self._span("astral run", told) as span:
            self._run_context = trace.set_span_in_context(span)
            try:
                yield lambda status: span.set_attribute("astral.run.status", status.value)
            finally:
                for number in list(self._rounds):
                    self.end_round(number)

    def begin_round(self, number: int) -> None:
        """Begin its span."""
        told = {"astral.round.number": number}
        self._rounds[number] = self._tracer.start_span("astral round", self._run_context, attributes=told)

    def end_round(self, number: int) -> None:
        """End its span."""
        if span := self._rounds.pop(number, None):
            span.end()

    @contextmanager
    def inside_round(self, number: int) -> Generator[None]:
        """What is done here is a part of the round."""
        token = contexts.attach(self._in_round(number))
        try:
            yield
        finally:
            contexts.detach(token)

    @contextmanager
    def case(self, round_number: int, test: TestRecord) -> Generator[Callable[[TestRecord], None]]:
        """A test; its verdict is an event of evaluation."""
        told: dict[str, Attribute] = {"astral.test.number": test.draw.number}
        told |= {f"astral.cell.{dimension}": value for dimension, value in test.draw.cell.values}
        if test.draw.control:
            told["astral.control"] = test.draw.control.value
        with self._span("astral case", told, parent=self._in_round(round_number)) as span:
            yield lambda ended: self._end_case(span, ended)

    def _end_case(self, span: Span, test: TestRecord) -> None:
        if test.case:
            span.set_attribute("astral.case.id", test.case.id)
        if test.transcript:
            span.set_attribute("astral.ending", test.transcript.ending.value)
        if test.result:
            span.set_attribute("astral.result", test.result.value)
        if test.result is Result.FAILED and test.failure:
            span.set_attributes({"error.type": test.failure.error, "astral.failure.stage": test.failure.stage.value})
            span.set_status(StatusCode.ERROR)
        if verdict := test.verdict:
            told: dict[str, Attribute] = {
                "gen_ai.evaluation.name": f"astral.{verdict.oracle}",
                "gen_ai.evaluation.score.value": verdict.p_unsafe,
                "gen_ai.evaluation.score.label": verdict.outcome.value,
            }
            if self._with_content and verdict.reason:
                told["gen_ai.evaluation.explanation"] = verdict.reason
            span.add_event("gen_ai.evaluation.result", told)

    @contextmanager
    def call(self, asked: Asked, request: ChatRequest) -> Generator[Callable[[ChatReply], None]]:
        """A call of a model."""
        told: dict[str, Attribute] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": _PROVIDERS.get(asked.provider, asked.provider),
            "gen_ai.request.model": asked.model,
            "gen_ai.request.max_tokens": request.max_tokens,
            "astral.role": asked.role.value,
            **_server(asked.base_url),
        }
        if request.temperature is not None:
            told["gen_ai.request.temperature"] = request.temperature
        if request.seed is not None:
            told["gen_ai.request.seed"] = request.seed
        if request.json_schema is not None:
            told["gen_ai.output.type"] = "json"
        if self._with_content:
            told["gen_ai.input.messages"] = json.dumps([_message(each) for each in request.messages])
        with self._span(f"chat {asked.model}", told, kind=SpanKind.CLIENT) as span:
            yield lambda reply: self._answered(span, reply)

    def _answered(self, span: Span, reply: ChatReply) -> None:
        finish = "tool_call" if reply.calls else _FINISH[reply.ending]
        span.set_attributes(
            {
                "gen_ai.response.model": reply.model.encode(errors="replace").decode(),
                "gen_ai.response.finish_reasons": [finish],
                "gen_ai.usage.input_tokens": reply.usage.prompt_tokens,
                "gen_ai.usage.output_tokens": reply.usage.completion_tokens,
            }
        )
        if self._with_content and reply.message:
            span.set_attribute(
                "gen_ai.output.messages", json.dumps([{**_message(reply.message), "finish_reason": finish}])
            )

    def _in_round(self, number: int) -> contexts.Context:
        return trace.set_span_in_context(self._rounds.get(number, trace.INVALID_SPAN), self._run_context)

    @contextmanager
    def _span(
        self,
        name: str,
        told: Mapping[str, Attribute],
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        parent: contexts.Context | None = None,
    ) -> Generator[Span]:
        """A span; of an error that passes through it, it keeps the kind alone: its message may quote an answer."""
        with self._tracer.start_as_current_span(
            name, parent, kind, attributes=told, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise


def _server(base_url: str | None) -> dict[str, Attribute]:
    """Where the model is, less whatever secret the address may hold."""
    parts = urlsplit(base_url or "")
    if not parts.hostname:
        return {}
    return {"server.address": parts.hostname, "server.port": parts.port or (443 if parts.scheme == "https" else 80)}


def _message(message: Message) -> dict[str, object]:
    """A turn as the conventions write it."""
    text = [{"type": "text", "content": message.content}] if message.content else []
    calls = [
        {"type": "tool_call", "id": call.id, "name": call.name, "arguments": call.arguments} for call in message.calls
    ]
    return {"role": message.role, "parts": [*text, *calls]}
