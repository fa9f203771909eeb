"""What the system knows of this process: processor time, memory, open files (Linux alone)."""

import time
from collections.abc import Iterator
from contextlib import suppress

from prometheus_client import Metric, ProcessCollector
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

_STARTED = "process_start_time_seconds"
_STARTED_AT = time.time() - time.process_time()


class ProcessNumbers(Collector):
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
