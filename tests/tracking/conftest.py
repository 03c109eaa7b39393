"""A collector that listens on loopback, as a user's would: it takes OTLP over HTTP and parses the protobuf."""

import gzip
from collections.abc import Iterator

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response


class Collector:
    """Keeps the spans that are sent to it."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("").rstrip("/")
        self.spans, self.services = [], set()
        server.expect_request("/v1/traces").respond_with_handler(self._take)

    def _take(self, request: Request) -> Response:
        body = gzip.decompress(request.data) if request.headers.get("content-encoding") == "gzip" else request.data
        for told in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.services |= {
                each.value.string_value for each in told.resource.attributes if each.key == "service.name"
            }
            self.spans += [span for scope in told.scope_spans for span in scope.spans]
        return Response(b"", content_type="application/x-protobuf")

    def named(self, prefix: str) -> Iterator:
        return (span for span in self.spans if span.name.startswith(prefix))


@pytest.fixture
def collector(httpserver):
    return Collector(httpserver)
