"""What one app counts and measures, under the names that Prometheus sees."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from gateway.observe.families import Families, families_of
from gateway.observe.usage import AppUsage, ConnectionUsage, UsageCollector
from gateway.observe.worker import WorkerMetrics

_SITE_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_AGE_BUCKETS = (1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
LARGEST_OF_ALL = (
    "gateway_build_info",
    "gateway_copies_age_seconds",
    "gateway_copies_hidden",
    "gateway_copies_uploads",
    "gateway_site_breaker",
    "gateway_site_entries",
    "process_start_time_seconds",
)
"""Gauges of which several workers show the largest; other numbers are added up."""
SMALLEST_OF_ALL = (
    "gateway_cache_usable",
    "gateway_config_last_reload_success_timestamp_seconds",
    "gateway_config_last_reload_successful",
)
"""Gauges of which they show the smallest."""

_BREAKER_STATES = ("closed", "half-open", "open")
_ADMISSION_LIMITS = ("requests", "large", "streams")
_ENDS = ("refused", "idle", "memory", "slow")


class Observer:
    """Counts what one app does, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._make_request_metrics()
        self._make_site_metrics()
        self._make_limit_metrics()
        self.worker = WorkerMetrics(self.registry)
        self._usage = UsageCollector()
        self.others = b"[]"
        """What the other workers have counted, as JSON: a list of families of each."""
        # looking labels up costs more than counting
        self._answered_by: dict[tuple[str, int], Histogram] = {}
        self._states_by: dict[tuple[str, str], Counter] = {}
        self._asked_by: dict[tuple[str, str, str], Histogram] = {}
        self._cache_by: dict[tuple[str, str], Counter] = {}
        self._age_by: dict[str, Histogram] = {}

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
        self._archives = counter(
            "gateway_cache_archives",
            "Look-ups of archives in the cache, by site and what came of them.",
            ("site", "event"),
        )
        self._states = counter(
            "gateway_site_states",
            "What sites did for answers, by site and state.",
            ("site", "state"),
        )

    def _make_limit_metrics(self) -> None:
        """What clients are refused, so that the gateway keeps its limits."""
        counter = partial(Counter, registry=self.registry)
        self._refused = counter(
            "gateway_requests_refused",
            "Requests answered with 429, by the limit of `admission` that was reached.",
            ("reason",),
        )
        self._ended = counter(
            "gateway_connections_ended",
            "Connections ended to keep the limits of `connections`.",
            ("reason",),
        )
        self._cache_age = Histogram(
            "gateway_cache_age_seconds",
            "Age of cached answers when they were used.",
            ("event",),
            buckets=_AGE_BUCKETS,
            registry=self.registry,
        )
        for limit in _ADMISSION_LIMITS:
            self._refused.labels(limit)
        for reason in _ENDS:
            self._ended.labels(reason)

    @contextmanager
    def watch(self, app: Callable[[], AppUsage]) -> Iterator[None]:
        """While the context is open, metrics tell what this app has in use."""
        self._usage.apps.append(app)
        try:
            yield
        finally:
            self._usage.apps.remove(app)

    def watch_connections(self, connections: Callable[[], ConnectionUsage]) -> None:
        """From now on metrics tell how these connections stand."""
        self._usage.connections = connections

    def usage(self) -> Families:
        """What is in use now; called within the event loop, and quick."""
        return families_of(self._usage)

    def families(self, usage: Families) -> Families:
        """All numbers, with those that `usage` has given; may be called in any thread."""
        return [*families_of(self.registry), *usage]

    def refused(self, limit: str) -> None:
        """A request was refused at this limit."""
        self._refused.labels(limit).inc()

    def ended(self, reason: str) -> None:
        """A connection was ended for this reason."""
        self._ended.labels(reason).inc()

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

    def cache(self, site: str, event: str, age_s: float | None = None) -> None:
        """A cache had an answer, of that age, or had not."""
        child = self._cache_by.get((site, event))
        if child is None:
            child = self._cache_by[site, event] = self._cache.labels(site, event)
        child.inc()
        if age_s is None:
            return
        age = self._age_by.get(event)
        if age is None:
            age = self._age_by[event] = self._cache_age.labels(event)
        age.observe(age_s)

    def archives(self, site: str, *, hits: int, misses: int) -> None:
        """Archives were looked up in the cache."""
        for event, count in (("hit", hits), ("miss", misses)):
            if count:
                self._archives.labels(site, event).inc(count)

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
