"""Where spans go: to the tracer provider of the program around, else where the standard OTEL_* variables say."""

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from astral import __version__
from astral.config import Environment, TelemetrySettings
from astral.errors import UserError
from astral.tracking.spans import Spans

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

EXPORTERS = "opentelemetry_traces_exporter"
"""The group of entry points in which exporters are found, as OpenTelemetry's own configuration does."""


@asynccontextmanager
async def opened_spans(
    told: TelemetrySettings, environment: Environment, note: Callable[[str], None]
) -> AsyncGenerator[Spans]:
    """The spans of a run; when the block ends, what was not sent yet is sent.

    Args:
        told: Whether spans are wanted, and with texts.
        environment: Says by what exporter.
        note: Is told once that spans are lost.

    Raises:
        UserError: A package is missing.
    """
    if not told.traces:
        yield Spans()
        return
    import asyncio

    try:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider

        from astral.tracking.opentelemetry_spans import OpenTelemetrySpans
    except ImportError as error:
        raise _missing(str(error)) from None
    content = told.content or environment.captures_content
    around = trace.get_tracer_provider()
    if isinstance(around, TracerProvider):
        yield OpenTelemetrySpans(around, with_content=content)
        return
    provider = _provider(environment, note)
    try:
        yield OpenTelemetrySpans(provider, with_content=content)
    finally:
        await asyncio.to_thread(provider.shutdown)


def _provider(environment: Environment, note: Callable[[str], None]) -> "TracerProvider":
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go over astral's own.
    own = {"service.name": "astral", "service.version": __version__}
    provider = TracerProvider(resource=Resource.create({**own, **OTELResourceDetector().detect().attributes}))
    for name in _exporters_of(environment):
        found = entry_points(group=EXPORTERS, name=name)
        if not found:
            raise _missing(f"there is no exporter {name!r}")
        provider.add_span_processor(BatchSpanProcessor(_watched(next(iter(found)).load()(), note)))
    return provider


def _exporters_of(environment: Environment) -> list[str]:
    """Names of entry points, as OTEL_TRACES_EXPORTER and the protocol name them."""
    named = [name.strip() for name in environment.otel_traces_exporter.split(",")]
    protocol = environment.otel_exporter_otlp_traces_protocol or environment.otel_exporter_otlp_protocol
    otlp = "otlp_proto_grpc" if protocol == "grpc" else "otlp_proto_http"
    return [otlp if name == "otlp" else name for name in named if name and name != "none"]


def _watched(exporter: "SpanExporter", note: Callable[[str], None]) -> "SpanExporter":
    """The exporter, which says once, in place of the log lines of its library, that it does not get through."""
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    # Without a handler Python prints warnings of libraries on stderr, across the line that shows the run.
    logging.getLogger("opentelemetry").addHandler(logging.NullHandler())

    class Watched(SpanExporter):
        is_told = False

        def export(self, spans: "Sequence[ReadableSpan]") -> "SpanExportResult":
            result = exporter.export(spans)
            if result is not SpanExportResult.SUCCESS and not self.is_told:
                self.is_told = True
                note(
                    "Spans could not be sent, and are lost; the run goes on. OTEL_EXPORTER_OTLP_ENDPOINT says where to."
                )
            return result

        def shutdown(self) -> None:
            exporter.shutdown()

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            return exporter.force_flush(timeout_millis)

    return Watched()


def _missing(problem: str) -> UserError:
    return UserError(f"telemetry: {problem}. Spans need OpenTelemetry: `pip install 'astral-safety[otel]'`.")
