"""The metrics of several worker processes, added up.

Each worker writes its numbers to a file of its own every other second; whoever is asked adds the
others' to its own. prometheus_client's own way maps such files into memory, and a full disk then
kills the worker; here it costs nothing but the others' latest numbers.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeAlias

import orjson
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

from gateway.observe import LARGEST_OF_ALL, Observer, log

METRICS_FOLDER = "GATEWAY_METRICS_FOLDER"
"""Names the folder in which the workers' files are; unset: there is one worker."""
_WRITE_S = 2.0

Labels: TypeAlias = tuple[tuple[str, str], ...]
Family: TypeAlias = tuple[str, str, str, list[tuple[str, list[list[str]], float]]]
"""Name, type, meaning; its samples: name, labels, value."""


def exposition(observer: Observer) -> bytes:
    """All numbers as Prometheus reads them, those of all workers where there are several."""
    folder = os.environ.get(METRICS_FOLDER)
    if folder is None:
        return generate_latest(observer.registry)
    merged = CollectorRegistry()
    merged.register(_Sum((_families(observer), *_of_others(Path(folder)))))
    return generate_latest(merged)


@asynccontextmanager
async def published(observer: Observer) -> AsyncIterator[None]:
    """This worker's numbers can be read by the others while the context is open."""
    folder = os.environ.get(METRICS_FOLDER)
    if folder is None:
        yield
        return
    writing = asyncio.create_task(_write_often(observer, Path(folder)))
    try:
        yield
    finally:
        writing.cancel()


async def _write_often(observer: Observer, folder: Path) -> None:
    failed = False
    while True:
        try:
            write_numbers(observer, folder)
            failed = False
        except OSError as error:
            if not failed:
                log().warning("the metrics of this worker cannot be shared", reason=str(error))
            failed = True
        await asyncio.sleep(_WRITE_S)


def write_numbers(observer: Observer, folder: Path) -> None:
    """Write what this process has counted, in place of its last numbers."""
    path = folder / f"{os.getpid()}.json"
    new = path.with_suffix(".new")
    try:
        new.write_bytes(orjson.dumps(_families(observer)))
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _families(observer: Observer) -> list[Family]:
    return [
        (
            family.name,
            family.type,
            family.documentation,
            [(one.name, [*map(list, one.labels.items())], one.value) for one in family.samples],
        )
        for family in observer.registry.collect()
    ]


def _of_others(folder: Path) -> Iterator[list[Family]]:
    for path in sorted(folder.glob("*.json")):
        if path.stem == str(os.getpid()):
            continue
        with suppress(OSError, ValueError):
            families: list[Family] = orjson.loads(path.read_bytes())
            yield families if _is_running(int(path.stem)) else _without_gauges(families)


def _without_gauges(families: Iterable[Family]) -> list[Family]:
    """A worker that was killed waits for nothing and answers nothing; what it did is done."""
    return [family for family in families if family[1] != "gauge"]


def _is_running(pid: int) -> bool:
    if os.name != "posix":
        return True  # there signal 0 is no question but Ctrl-C
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class _Sum(Collector):
    """Several workers' numbers as one; of some gauges the largest."""

    def __init__(self, workers: Iterable[Iterable[Family]]) -> None:
        self._workers = tuple(workers)

    def collect(self) -> Iterator[Metric]:
        """Each metric once."""
        metrics: dict[str, Metric] = {}
        values: dict[str, dict[tuple[str, Labels], float]] = {}
        for name, kind, meaning, samples in (one for every in self._workers for one in every):
            metrics.setdefault(name, Metric(name, meaning, kind))
            known = values.setdefault(name, {})
            for sample, labels, value in samples:
                key = (sample, tuple((label, text) for label, text in labels))
                if name in LARGEST_OF_ALL or sample.endswith("_created"):
                    known[key] = max(known.get(key, value), value)
                else:
                    known[key] = known.get(key, 0.0) + value
        for name, metric in metrics.items():
            for (sample, pairs), value in values[name].items():
                metric.add_sample(sample, dict(pairs), value)
            yield metric
