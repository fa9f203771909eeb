"""Logs, request ids, counters and timings; the only module that names a metric.

In: events, and calls of an Observer from `fetch` and `serve`. Out: log lines on standard error,
metrics for Prometheus. `serve` and `cli` import it; `fetch` knows only a protocol of the Observer.
"""

import logging
import os
import sys
from pathlib import Path
from typing import Literal

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

_SITE_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
SHARED_NUMBERS = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder through which several worker processes add up their numbers."""

_BREAKER_STATES = ("closed", "half-open", "open")


class Observer:
    """Counts what one app does, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answered = Histogram(
            "gateway_request_seconds",
            "Requests answered, by endpoint and status.",
            ("endpoint", "status"),
            registry=self._registry,
        )
        self._under_way = Gauge(
            "gateway_requests_under_way",
            "Requests being answered now.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._waiting = Gauge(
            "gateway_requests_waiting",
            "Requests that wait for a place.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._site_waiting = Gauge(
            "gateway_site_requests_waiting",
            "Requests to a site that wait for one of its places.",
            ("site",),
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._asked = Histogram(
            "gateway_site_request_seconds",
            "Requests to sites, by site, path and outcome.",
            ("site", "path", "outcome"),
            buckets=_SITE_BUCKETS,
            registry=self._registry,
        )
        self._breaker = Gauge(
            "gateway_site_breaker",
            "1 for the state in which a site's breaker is; largest of all workers.",
            ("site", "state"),
            multiprocess_mode="livemax",
            registry=self._registry,
        )
        self._cache = Counter(
            "gateway_cache_lookups",
            "Look-ups in the cache, by site and what came of them.",
            ("site", "event"),
            registry=self._registry,
        )
        self._entries = Gauge(
            "gateway_site_entries",
            "Public structures of a site.",
            ("site",),
            multiprocess_mode="livemax",
            registry=self._registry,
        )
        self._states = Counter(
            "gateway_site_states",
            "What sites did for answers, by site and state.",
            ("site", "state"),
            registry=self._registry,
        )

    def asked(self, site: str, path: str, outcome: str, seconds: float) -> None:
        """One request to a site has ended so."""
        self._asked.labels(site, path, outcome).observe(seconds)

    def waiting(self, more: int) -> None:
        """So many requests more, or less, wait for a place."""
        self._waiting.inc(more)

    def site_waiting(self, site: str, more: int) -> None:
        """So many requests more, or less, wait for a place at a site."""
        self._site_waiting.labels(site).inc(more)

    def breaker(self, site: str, state: str) -> None:
        """A site's breaker has changed."""
        for known in dict.fromkeys((*_BREAKER_STATES, state)):
            self._breaker.labels(site, known).set(known == state)

    def cache(self, site: str, event: str) -> None:
        """A cache had an answer or had not."""
        self._cache.labels(site, event).inc()

    def began(self) -> None:
        """A request has come in."""
        self._under_way.inc()

    def answered(self, endpoint: str, *, status: int, seconds: float) -> None:
        """A request has been answered."""
        self._under_way.dec()
        self._answered.labels(endpoint, str(status)).observe(seconds)

    def served(self, site: str, state: str) -> None:
        """What a site did for one answer."""
        self._states.labels(site, state).inc()

    def entries(self, site: str, total: int) -> None:
        """How many entries a site has."""
        self._entries.labels(site).set(total)

    def gone(self, site: str) -> None:
        """A site is in the configuration no longer: it has no state now."""
        if SHARED_NUMBERS not in os.environ:
            for gauge in (self._breaker, self._entries, self._site_waiting):
                gauge.remove_by_labels({"site": site})
            return
        self._entries.labels(site).set(0)  # series of several workers cannot be removed
        for state in _BREAKER_STATES:
            self._breaker.labels(site, state).set(0)

    def exposition(self) -> bytes:
        """All numbers as Prometheus reads them, of type `EXPOSITION_TYPE`; those of all workers
        where there are several."""
        if SHARED_NUMBERS not in os.environ:
            return generate_latest(self._registry)
        _forget_dead_workers(Path(os.environ[SHARED_NUMBERS]))
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]  # the package has no types here
        return generate_latest(shared)


def _forget_dead_workers(folder: Path) -> None:
    """A worker that was killed waits for nothing and answers nothing; uvicorn starts another."""
    if os.name != "posix":
        return  # there signal 0 is no question but Ctrl-C
    for pid in {int(file.stem.rpartition("_")[2]) for file in folder.glob("gauge_live*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]  # the package has no types here


EXPOSITION_TYPE = CONTENT_TYPE_LATEST


_LOG: structlog.stdlib.BoundLogger = structlog.wrap_logger(
    logging.getLogger("gateway"),
    processors=[structlog.contextvars.merge_contextvars, structlog.stdlib.render_to_log_kwargs],
    wrapper_class=structlog.stdlib.BoundLogger,
)


def log() -> structlog.stdlib.BoundLogger:
    """The gateway's logger, on top of the standard library's: an app that embeds it decides."""
    return _LOG


def set_up_logging(level: Literal["debug", "info", "warning", "error"], *, as_json: bool) -> None:
    """Send all logs, the libraries' too, to stderr in one form."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.ExtraAdder(),
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _drop_repetition,
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("httpx", "uvicorn.access"):  # each request is logged once, by this gateway
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _drop_repetition(
    logger: logging.Logger, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """uvicorn sends each of its messages a second time, with colours."""
    del logger, method
    event.pop("color_message", None)
    return event


def bind_request(request_id: str) -> None:
    """From here on, all log lines of this task carry the request's id."""
    structlog.contextvars.bind_contextvars(request_id=request_id)
