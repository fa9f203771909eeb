"""OpenTelemetry, where the process runs under it: a span for each request to a site.

Nothing is imported here: `opentelemetry-instrument` has loaded the package before the gateway, or
there are no traces to write.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


def is_traced() -> bool:
    """Whether spans are wanted at all; asked before each request, so it costs nothing."""
    return "opentelemetry.sdk.trace" in sys.modules


@contextmanager
def client_span(method: str, url: str) -> Iterator[Mapping[str, str]]:
    """A span of kind CLIENT around one request; gives the headers that name it to the site."""
    from opentelemetry import propagate, trace  # noqa: PLC0415  # loaded already, see `is_traced`

    tracer = trace.get_tracer("gateway")
    attributes = {"http.request.method": method, "url.full": url}
    with tracer.start_as_current_span(
        method, kind=trace.SpanKind.CLIENT, attributes=attributes, record_exception=False
    ):
        headers: dict[str, str] = {}
        propagate.inject(headers)
        yield headers
