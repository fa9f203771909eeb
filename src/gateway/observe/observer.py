"""Logs, request ids, counters and timings; the only module that names a metric.

In: events, and calls of an Observer from `fetch` and `serve`. Out: log lines on standard error,
metrics for Prometheus. `serve` and `cli` import it; `fetch` knows only a protocol of the Observer.
"""

import logging
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
LARGEST_OF_ALL = ("gateway_site_breaker", "gateway_site_entries")
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
        for gauge in (self._breaker, self._entries, self._site_waiting):
            gauge.remove_by_labels({"site": site})
