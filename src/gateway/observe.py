"""Logs, request ids, counters and timings; the only module that names a metric.

In: events, and calls of an Observer from `fetch` and `serve`. Out: log lines on standard error,
metrics for Prometheus. `serve` and `cli` import it; `fetch` knows only a protocol of the Observer.
"""

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import Literal
from urllib.parse import quote

import orjson
import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
)

_SITE_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
LARGEST_OF_ALL = (
    "gateway_site_breaker",
    "gateway_site_entries",
    "gateway_copies_uploads",
    "gateway_copies_hidden",
    "gateway_copies_age_seconds",
)
"""Gauges of which several workers show the largest; other numbers are added up."""

_BREAKER_STATES = ("closed", "half-open", "open")


class Observer:
    """Counts what one app does, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._make_request_metrics()
        self._make_site_metrics()
        # looking labels up costs more than counting
        self._answered_by: dict[tuple[str, int], Histogram] = {}
        self._states_by: dict[tuple[str, str], Counter] = {}
        self._asked_by: dict[tuple[str, str, str], Histogram] = {}
        self._cache_by: dict[tuple[str, str], Counter] = {}

    def _make_request_metrics(self) -> None:
        """What clients ask of the gateway."""
        self._answered = Histogram(
            "gateway_request_seconds",
            "Requests answered, by endpoint and status.",
            ("endpoint", "status"),
            registry=self.registry,
        )
        self._under_way = Gauge(
            "gateway_requests_under_way", "Requests being answered now.", registry=self.registry
        )
        self._waiting = Gauge(
            "gateway_requests_waiting", "Requests that wait for a slot.", registry=self.registry
        )

    def _make_site_metrics(self) -> None:
        """What the gateway asks of sites, and how they stand."""
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        self._site_waiting = gauge(
            "gateway_site_requests_waiting",
            "Requests to a site that wait for one of its slots.",
            ("site",),
        )
        self._asked = Histogram(
            "gateway_site_request_seconds",
            "Requests to sites, by site, path and outcome.",
            ("site", "path", "outcome"),
            buckets=_SITE_BUCKETS,
            registry=self.registry,
        )
        self._breaker = gauge(
            "gateway_site_breaker",
            "1 for the state in which a site's breaker is; largest of all workers.",
            ("site", "state"),
        )
        self._entries = gauge("gateway_site_entries", "Public structures of a site.", ("site",))
        self._copies_uploads = gauge("gateway_copies_uploads", "Uploads that several sites hold.")
        self._copies_hidden = gauge(
            "gateway_copies_hidden",
            "Copies of structures that are not served, as another site serves them.",
        )
        self._copies_age = gauge(
            "gateway_copies_age_seconds",
            "How long ago a site was last looked at for copies.",
            ("site",),
        )
        self._cache = counter(
            "gateway_cache_lookups",
            "Look-ups in the cache, by site and what came of them.",
            ("site", "event"),
        )
        self._states = counter(
            "gateway_site_states",
            "What sites did for answers, by site and state.",
            ("site", "state"),
        )

    def asked(self, site: str, path: str, outcome: str, seconds: float) -> None:
        """One request to a site has ended so."""
        child = self._asked_by.get((site, path, outcome))
        if child is None:
            child = self._asked_by[site, path, outcome] = self._asked.labels(site, path, outcome)
        child.observe(seconds)

    def waiting(self, more: int) -> None:
        """So many requests more, or less, wait for a slot."""
        self._waiting.inc(more)

    def site_waiting(self, site: str, more: int) -> None:
        """So many requests more, or less, wait for a slot at a site."""
        self._site_waiting.labels(site).inc(more)

    def breaker(self, site: str, state: str) -> None:
        """A site's breaker has changed."""
        for known in dict.fromkeys((*_BREAKER_STATES, state)):
            self._breaker.labels(site, known).set(known == state)

    def copies(self, uploads: int, hidden: int, *, ages_s: Mapping[str, float | None]) -> None:
        """How the index of copies stands."""
        self._copies_uploads.set(uploads)
        self._copies_hidden.set(hidden)
        for site, age_s in ages_s.items():
            if age_s is not None:
                self._copies_age.labels(site).set(age_s)

    def cache(self, site: str, event: str) -> None:
        """A cache had an answer or had not."""
        child = self._cache_by.get((site, event))
        if child is None:
            child = self._cache_by[site, event] = self._cache.labels(site, event)
        child.inc()

    def began(self) -> None:
        """A request has come in."""
        self._under_way.inc()

    def answered(self, endpoint: str, *, status: int, seconds: float) -> None:
        """A request has been answered."""
        self._under_way.dec()
        child = self._answered_by.get((endpoint, status))
        if child is None:
            child = self._answered.labels(endpoint, str(status))
            self._answered_by[endpoint, status] = child
        child.observe(seconds)

    def served(self, site: str, state: str) -> None:
        """What a site did for one answer."""
        child = self._states_by.get((site, state))
        if child is None:
            child = self._states_by[site, state] = self._states.labels(site, state)
        child.inc()

    def entries(self, site: str, total: int) -> None:
        """How many entries a site has."""
        self._entries.labels(site).set(total)

    def gone(self, site: str) -> None:
        """A site is in the configuration no longer: it has no state now."""
        for gauge in (self._breaker, self._entries, self._site_waiting, self._copies_age):
            gauge.remove_by_labels({"site": site})


EXPOSITION_TYPE = CONTENT_TYPE_LATEST


_REQUEST_ID: ContextVar[str] = ContextVar("gateway_request_id", default="")
_SHOWN = 200
"""Characters of a path that logs show."""
_OF_RECORDS = {*vars(logging.makeLogRecord({})), "message", "asctime", "color_message"}
"""What every log record has; anything else is a field. uvicorn repeats its messages in colours."""


def _add_request_id(
    logger: logging.Logger, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    del logger, method
    if request_id := _REQUEST_ID.get():
        event["request_id"] = request_id
    return event


_STANDARD = logging.getLogger("gateway")
_LOG: structlog.stdlib.BoundLogger = structlog.wrap_logger(
    _STANDARD,
    processors=[_add_request_id, structlog.stdlib.render_to_log_kwargs],
    wrapper_class=structlog.stdlib.BoundLogger,
)


def log() -> structlog.stdlib.BoundLogger:
    """The gateway's logger, on top of the standard library's: an app that embeds it decides."""
    return _LOG


def log_answered(**fields: object) -> None:
    """The one line that each request has.

    It is made by hand: finding out which line of code logs, for any record, takes longer than all
    the rest.
    """
    if not _STANDARD.isEnabledFor(logging.INFO):
        return
    record = logging.LogRecord(_STANDARD.name, logging.INFO, "", 0, "answered", None, None)
    vars(record).update(fields, request_id=_REQUEST_ID.get())
    _STANDARD.handle(record)


def shown_path(path: str) -> str:
    """A request's path as logs show it: escaped, and not longer than anybody reads."""
    shown = quote(path[:_SHOWN])
    return shown if len(path) <= _SHOWN else f"{shown}.."


def set_up_logging(level: Literal["debug", "info", "warning", "error"], *, as_json: bool) -> None:
    """Send all logs, the libraries' too, to stderr in one form."""
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonLines() if as_json else _TextLines())
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = (
        False  # nobody reads it
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("httpx", "uvicorn.access"):  # each request is logged once, by this gateway
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _Lines(logging.Formatter):
    """A log record as one line; written by hand, as each request has one."""

    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        """What the record says, in the order in which it is shown."""
        fields: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
        }
        fields |= {name: one for name, one in vars(record).items() if name not in _OF_RECORDS}
        if "request_id" not in fields and (request_id := _REQUEST_ID.get()):
            fields["request_id"] = request_id
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return fields


class _JsonLines(_Lines):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return orjson.dumps(self.fields(record), default=str).decode()


class _TextLines(_Lines):
    """Time, level, event and the other fields, for people."""

    def format(self, record: logging.LogRecord) -> str:
        fields = self.fields(record)
        exception = fields.pop("exception", None)
        timestamp, level, event, *_ = fields.values()
        rest = " ".join(f"{name}={one}" for name, one in [*fields.items()][3:])
        line = f"{timestamp} {level:<8}{event}  {rest}"
        return line if exception is None else f"{line}\n{exception}"


def bind_request(request_id: str) -> None:
    """From here on, all log lines of this task carry the request's id."""
    _REQUEST_ID.set(request_id)
