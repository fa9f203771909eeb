"""How one worker does: its version, its configuration, its event loop, and what the system knows
of its process (processor time, memory, open files; on Linux alone)."""

import platform
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from prometheus_client import CollectorRegistry, Gauge, Histogram, Metric, ProcessCollector
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway import __version__

_DELAY_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_STARTED = "process_start_time_seconds"
_STARTED_AT = time.time() - time.process_time()


class WorkerMetrics:
    """What is measured of the process as a whole."""

    def __init__(self, registry: CollectorRegistry) -> None:
        gauge = partial(Gauge, registry=registry)
        self._loop_delay = Histogram(
            "gateway_event_loop_delay_seconds",
            "How late the event loop ran a timer.",
            buckets=_DELAY_BUCKETS,
            registry=registry,
        )
        self._reload_good = gauge(
            "gateway_config_last_reload_successful",
            "1: the configuration was read without an error the last time; 0: it was wrong.",
        )
        self._reload_at = gauge(
            "gateway_config_last_reload_success_timestamp_seconds",
            "When the configuration in use was read.",
        )
        self.config_read(is_good=True)
        gauge("gateway_workers", "Worker processes that are running.").set(1)
        build = gauge("gateway_build_info", "1.", ("version", "python"))
        build.labels(__version__, platform.python_version()).set(1)
        registry.register(_ProcessNumbers())

    def loop_delay(self, seconds: float) -> None:
        """The event loop was so late."""
        self._loop_delay.observe(seconds)

    def config_read(self, *, is_good: bool) -> None:
        """The configuration has been read, or could not be."""
        self._reload_good.set(is_good)
        if is_good:
            self._reload_at.set(time.time())


class _ProcessNumbers(Collector):
    """prometheus_client's own numbers, with the start by our clock."""

    def __init__(self) -> None:
        self._process = _Process(registry=None)

    def collect(self) -> Iterator[Metric]:
        """Each metric once."""
        with suppress(ValueError):  # a limit that is no number
            for metric in self._process.collect():
                yield _started(metric) if metric.name == _STARTED else metric


def _started(metric: Metric) -> Metric:
    return GaugeMetricFamily(_STARTED, metric.documentation, value=_STARTED_AT)


class _Process(ProcessCollector):
    """It collects nothing where `/proc/stat` is hidden, as by systemd's ProcSubset=pid, which it
    needs for the start alone."""

    def _boot_time(self) -> float:
        return 1.0
