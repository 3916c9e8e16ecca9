"""Spans as OTLP over HTTP has them, by the OpenTelemetry SDK: in the thread that sends, and nowhere else.

The SDK's own tracer would make its spans while requests are answered, which takes ten times as long as to note times.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from ordain.api.limits import LIMITS
from ordain.api.traces.trace import new_id
from ordain.api.traces.traces import Finished
from ordain.engine.version import VERSION

_SCOPE = InstrumentationScope("ordain", VERSION)
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_FAULT = 500


class Otlp:
    """Sends spans to `address`, as `http://127.0.0.1:4318/v1/traces`; headers by OTEL_EXPORTER_OTLP_HEADERS."""

    def __init__(self, address: str, tenant: str) -> None:
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)  # what is wrong is told by who calls, once
        self._exporter = OTLPSpanExporter(endpoint=address, timeout=LIMITS.traces_waits)
        about = {"service.name": "ordain", "service.version": VERSION, "ordain.tenant": tenant}
        self._resource = Resource.create(about)

    def __call__(self, some: list[Finished]) -> bool:
        """Whether they were taken. Waits for some seconds at the most."""
        spans = [span for each in some for span in self._spans(each)]
        return self._exporter.export(spans) is SpanExportResult.SUCCESS

    def _spans(self, each: Finished) -> Iterator[ReadableSpan]:
        trace = each.trace
        root = _context(trace.id, trace.span)
        parent = None if trace.parent is None else _context(trace.id, trace.parent, remote=True)
        failed = int(each.attributes["http.response.status_code"]) >= _FAULT
        yield ReadableSpan(
            each.name,
            root,
            parent,
            self._resource,
            each.attributes,
            kind=SpanKind.SERVER,
            status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
            start_time=_nanoseconds(each.begun + each.shift),
            end_time=_nanoseconds(each.ended + each.shift),
            instrumentation_scope=_SCOPE,
        )
        step = root
        for name, begun, ended, model in reversed(trace.steps):
            own = _context(trace.id, new_id(64))
            above = step if model else root
            if not model:
                step = own
            yield ReadableSpan(
                name,
                own,
                above,
                self._resource,
                {"ordain.model": model} if model else {},
                start_time=_nanoseconds(begun + each.shift),
                end_time=_nanoseconds(ended + each.shift),
                instrumentation_scope=_SCOPE,
            )


def _context(trace: int, span: int, remote: bool = False) -> SpanContext:
    return SpanContext(trace, span, is_remote=remote, trace_flags=_SAMPLED)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1_000_000_000)
