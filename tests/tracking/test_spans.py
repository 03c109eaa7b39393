"""Spans, by the real SDK: in its own memory, and over the wire to a collector."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from astral.config import Environment, TelemetrySettings
from astral.domain.chat import ChatReply, ChatRequest, ModelRole
from astral.domain.records import Ending, Message, Result, Usage
from astral.domain.run import RunStatus, TestRecord
from astral.errors import ProviderError, UserError
from astral.testing.server import StubServer
from astral.tracking import Asked, TracedModel, opened_spans
from astral.tracking.opentelemetry_spans import OpenTelemetrySpans
from tests.cli.conftest import NARROW
from tests.report.conftest import Build

SECRET, ANSWER = "what is asked", "what is answered"
REQUEST = ChatRequest(messages=(Message(role="user", content=SECRET),), max_tokens=9, temperature=0.5, seed=3)
ASKED = Asked(ModelRole.TARGET, "azure", "gpt-x", "https://user:key@bot.example:8443/v1")
REPLY = ChatReply(
    text=ANSWER, ending=Ending.TRUNCATED, model="gpt-x-1", usage=Usage(prompt_tokens=4, completion_tokens=9)
)


class Model:
    name = "stub"

    def __init__(self, reply):
        self.reply = reply

    async def chat(self, request):
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply

    async def close(self):
        pass


@pytest.fixture
def traced():
    """Spans, and a function that gives those that have ended."""
    memory, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    make = lambda **told: OpenTelemetrySpans(provider, **told)  # noqa: E731
    yield SimpleNamespace(spans=make(), with_content=make(with_content=True), ended=memory.get_finished_spans)
    provider.shutdown()


async def test_a_call_has_the_attributes_of_the_conventions_and_no_text(traced):
    await TracedModel(Model(REPLY), traced.spans, ASKED).chat(REQUEST)
    (span,) = traced.ended()
    assert (span.name, span.kind) == ("chat gpt-x", SpanKind.CLIENT)
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "azure.ai.openai",
        "gen_ai.request.model": "gpt-x",
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.seed": 3,
        "gen_ai.response.model": "gpt-x-1",
        "gen_ai.response.finish_reasons": ("length",),
        "gen_ai.usage.input_tokens": 4,
        "gen_ai.usage.output_tokens": 9,
        "server.address": "bot.example",
        "server.port": 8443,
        "astral.role": "target",
    }


async def test_texts_are_there_only_where_they_are_asked_for(traced):
    await TracedModel(Model(REPLY), traced.with_content, ASKED).chat(REQUEST)
    (span,) = traced.ended()
    assert SECRET in span.attributes["gen_ai.input.messages"]
    assert ANSWER in span.attributes["gen_ai.output.messages"]


async def test_a_call_that_fails_tells_the_kind_of_error_and_not_its_words(traced):
    with pytest.raises(ProviderError):
        await TracedModel(Model(ProviderError(f"it said {ANSWER}")), traced.spans, ASKED).chat(REQUEST)
    (span,) = traced.ended()
    assert span.attributes["error.type"] == "ProviderError"
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert ANSWER not in span.to_json()


async def test_calls_lie_in_their_case_cases_in_their_round_rounds_in_the_run(traced):
    space = Build().space(risk=1, language=1)
    test = Build().judged(next(iter(space.cells())), "UNSAFE", 0)
    spans = traced.spans
    with spans.run(Build().sample(space, [test]).manifest) as run_ended:
        spans.begin_round(0)
        with spans.inside_round(0):
            await TracedModel(Model(REPLY), spans, ASKED).chat(REQUEST)
        with spans.case(0, TestRecord(draw=test.draw)) as ended:
            await TracedModel(Model(REPLY), spans, ASKED).chat(REQUEST)
            ended(test)
        run_ended(RunStatus.MET)
    written, asked, case, round_, run = traced.ended()
    assert (run.name, round_.name, case.name) == ("astral run", "astral round", "astral case")
    parents = [(each.parent and each.parent.span_id) for each in (written, asked, case, round_, run)]
    ids = [each.context.span_id for each in (round_, case, round_, run)]
    assert parents == [*ids, None]
    assert run.attributes["astral.run.status"] == "met"
    assert case.attributes["astral.result"] == Result.UNSAFE.value
    (event,) = case.events
    assert event.name == "gen_ai.evaluation.result"
    assert event.attributes["gen_ai.evaluation.score.label"] == "UNSAFE"


async def test_what_is_missing_is_said_with_the_way_to_have_it():
    environment = Environment(otel_traces_exporter="no_such_exporter")
    with pytest.raises(UserError, match=r"no_such_exporter.*astral-safety\[otel\]"):
        async with opened_spans(TelemetrySettings(traces=True), environment, print):
            pass


async def test_nobody_is_told_by_default():
    async with opened_spans(TelemetrySettings(), Environment(), print) as spans:
        assert not spans.is_on


def _generate(tmp_path, url, *flags, **environment):
    told = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OPENAI_API_KEY": "key", **environment}
    command = [sys.executable, "-m", "astral", "generate", *NARROW, "--controls=1", "--twins=0", *flags]
    return subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
def test_a_run_sends_its_spans_to_a_collector_and_no_text_with_them(tmp_path, collector):
    with StubServer(text=ANSWER) as server:
        told = ("--target=openai:stub-model", f"--base-url={server.openai_url}", "--trace")
        done = _generate(tmp_path, collector.url, *told, OTEL_SERVICE_NAME="nightly-tests")
    assert done.returncode == 0, done.stderr
    assert collector.services == {"nightly-tests"}
    (run,) = collector.named("astral run")
    rounds, cases, calls = (list(collector.named(name)) for name in ("astral round", "astral case", "chat stub-model"))
    assert rounds
    # Four pairs of values; two controls, which functions answer.
    assert len(cases) >= 6
    assert len(calls) == len([case for case in cases if "astral.control" not in {a.key for a in case.attributes}])
    assert {each.parent_span_id for each in rounds} == {run.span_id}
    assert {each.parent_span_id for each in cases} <= {each.span_id for each in rounds}
    assert {each.parent_span_id for each in calls} <= {each.span_id for each in cases}
    sent = b"".join(span.SerializeToString() for span in collector.spans)
    assert ANSWER.encode() not in sent
    assert not [key for span in collector.spans for a in span.attributes if "messages" in (key := a.key)]


@pytest.mark.slow
def test_a_run_goes_on_where_nobody_takes_its_spans_and_says_so_once(tmp_path):
    target = "--target=python:astral.testing.targets:refusing"
    done = _generate(tmp_path, "http://127.0.0.1:9", target, "--trace", OTEL_BSP_SCHEDULE_DELAY="100",
                     OTEL_EXPORTER_OTLP_TIMEOUT="1")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Spans could not be sent") == 1
    assert "Traceback" not in done.stderr
