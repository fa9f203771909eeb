"""What is in use at the moment, read when somebody asks: it costs requests nothing.

In: functions that say how an app, or the connections, stand. Out: gauges.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from prometheus_client import Metric
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

_One = TypeVar("_One")


@dataclass(frozen=True, slots=True)
class SlotUsage:
    """Slots of one kind."""

    in_use: int
    limit: int


@dataclass(frozen=True, slots=True)
class CacheUsage:
    """The cache of sites' answers; what is in a cache of another process is not known here."""

    is_usable: bool
    held_bytes: int | None = None
    limit_bytes: int | None = None
    values: int | None = None


@dataclass(frozen=True, slots=True)
class SiteUsage:
    """The requests to one site, equal ones counted once."""

    in_flight: int
    late: int
    """Of these, those that no client waits for any more."""


@dataclass(frozen=True, slots=True)
class AppUsage:
    """What one app has in use."""

    slots: Mapping[str, SlotUsage] = field(default_factory=dict)
    memory_bytes: int = 0
    memory_limit_bytes: int = 0
    cache: CacheUsage | None = None
    """None: there is none."""
    sites: Mapping[str, SiteUsage] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConnectionUsage:
    """The connections of one worker."""

    count: int = 0
    limit: int = 0
    held_bytes: int = 0
    held_limit_bytes: int = 0


class UsageCollector(Collector):
    """Gauges of all apps of a process, of which there are two while a configuration takes over."""

    def __init__(self) -> None:
        self.apps: list[Callable[[], AppUsage]] = []
        self.connections: Callable[[], ConnectionUsage] | None = None
        """None: the server beneath is another one, or nobody has connected yet."""

    def collect(self) -> Iterator[Metric]:
        """Each gauge once."""
        apps = [read() for read in self.apps]
        yield from _slots(apps)
        yield from _connections(self.connections() if self.connections else ConnectionUsage())
        yield from _memory(apps)
        yield from _cache([app.cache for app in apps if app.cache is not None])
        yield from _sites(apps)


def _slots(apps: Iterable[AppUsage]) -> Iterator[Metric]:
    used = GaugeMetricFamily(
        "gateway_admission_slots_in_use", "Slots of `admission` taken now.", labels=("kind",)
    )
    limit = GaugeMetricFamily(
        "gateway_admission_slots", "Slots of `admission` that there are.", labels=("kind",)
    )
    slots = _by_name(app.slots for app in apps)
    for kind, found in slots.items():
        used.add_metric((kind,), sum(one.in_use for one in found))
        limit.add_metric((kind,), sum(one.limit for one in found))
    yield used
    yield limit


def _connections(usage: ConnectionUsage) -> Iterator[Metric]:
    yield _gauge("gateway_connections", "Open connections of clients.", usage.count)
    yield _gauge("gateway_connections_limit", "Connections that there may be.", usage.limit)
    yield _gauge(
        "gateway_connections_held_bytes",
        "Bytes of requests not yet whole and of answers not yet sent.",
        usage.held_bytes,
    )
    yield _gauge(
        "gateway_connections_held_limit_bytes",
        "Bytes that there may be of both.",
        usage.held_limit_bytes,
    )


def _memory(apps: Iterable[AppUsage]) -> Iterator[Metric]:
    held, limit = 0, 0
    for app in apps:
        held, limit = held + app.memory_bytes, limit + app.memory_limit_bytes
    yield _gauge("gateway_memory_budget_bytes", "Memory that sites' answers take now.", held)
    yield _gauge("gateway_memory_budget_limit_bytes", "Memory that they may take.", limit)


def _cache(caches: Iterable[CacheUsage]) -> Iterator[Metric]:
    caches = list(caches)
    if not caches:
        return
    usable = all(cache.is_usable for cache in caches)
    yield _gauge("gateway_cache_usable", "1 while the cache answers.", usable)
    for name, meaning, numbers in (
        ("gateway_cache_bytes", "Bytes in the cache in memory.", [c.held_bytes for c in caches]),
        ("gateway_cache_limit_bytes", "Size of that cache.", [c.limit_bytes for c in caches]),
        ("gateway_cache_values", "Values in that cache.", [c.values for c in caches]),
    ):
        known = [number for number in numbers if number is not None]
        if known:
            yield _gauge(name, meaning, sum(known))


def _sites(apps: Iterable[AppUsage]) -> Iterator[Metric]:
    in_flight = GaugeMetricFamily(
        "gateway_site_requests_in_flight",
        "Requests to a site under way or waiting, equal ones counted once.",
        labels=("site",),
    )
    late = GaugeMetricFamily(
        "gateway_site_requests_late",
        "Of these, those that no client waits for any more.",
        labels=("site",),
    )
    for site, found in _by_name(app.sites for app in apps).items():
        in_flight.add_metric((site,), sum(one.in_flight for one in found))
        late.add_metric((site,), sum(one.late for one in found))
    yield in_flight
    yield late


def _by_name(parts: Iterable[Mapping[str, _One]]) -> dict[str, list[_One]]:
    found: dict[str, list[_One]] = {}
    for part in parts:
        for name, one in part.items():
            found.setdefault(name, []).append(one)
    return found


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)
