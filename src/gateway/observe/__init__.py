"""Logs, request ids, counters and timings; the only place that names a metric.

In: events, and calls of an Observer from `fetch` and `serve`. Out: log lines on standard error,
metrics for Prometheus. `serve` and `cli` import it; `fetch` knows only a protocol of the Observer.
"""

from gateway.observe.families import Family
from gateway.observe.logs import (
    bind_request,
    log,
    log_answered,
    set_up_logging,
    shown_path,
)
from gateway.observe.observer import Observer
from gateway.observe.sums import EXPOSITION_TYPE, added, exposition, lasting
from gateway.observe.usage import AppUsage, CacheUsage, ConnectionUsage, SiteUsage, SlotUsage

__all__ = [
    "EXPOSITION_TYPE",
    "AppUsage",
    "CacheUsage",
    "ConnectionUsage",
    "Family",
    "Observer",
    "SiteUsage",
    "SlotUsage",
    "added",
    "bind_request",
    "exposition",
    "lasting",
    "log",
    "log_answered",
    "set_up_logging",
    "shown_path",
]
