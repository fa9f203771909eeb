"""The numbers of several workers as one, and their text for Prometheus."""

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

from gateway.observe.families import Families, Family, Labels
from gateway.observe.observer import LARGEST_OF_ALL, SMALLEST_OF_ALL

EXPOSITION_TYPE = CONTENT_TYPE_LATEST


def lasting(families: Iterable[Family]) -> Families:
    """Without gauges: a worker that has ended waits for nothing and answers nothing; what it did
    is done."""
    return [family for family in families if family[1] != "gauge"]


def added(workers: Iterable[Iterable[Family]]) -> Families:
    """Several workers' numbers as those of one; of some gauges the largest or the smallest."""
    first: dict[str, Family] = {}
    values: dict[str, dict[tuple[str, Labels], float]] = {}
    for family in (one for every in workers for one in every):
        name, _, _, samples = family
        first.setdefault(name, family)
        known = values.setdefault(name, {})
        for sample, labels, value in samples:
            key = (sample, tuple((label, text) for label, text in labels))
            before = known.get(key)
            known[key] = value if before is None else _joined(name, sample, before, value)
    return [
        (
            name,
            kind,
            meaning,
            [
                (sample, [*map(list, pairs)], value)
                for (sample, pairs), value in values[name].items()
            ],
        )
        for name, kind, meaning, _ in first.values()
    ]


def _joined(name: str, sample: str, one: float, other: float) -> float:
    if name in LARGEST_OF_ALL or sample.endswith("_created"):
        return max(one, other)
    if name in SMALLEST_OF_ALL:
        return min(one, other)
    return one + other


def exposition(own: Families, others: Sequence[Families] = ()) -> bytes:
    """All numbers as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(_Given(added((own, *others)) if others else own))
    return generate_latest(registry)


class _Given(Collector):
    """Families as prometheus_client has them."""

    def __init__(self, families: Families) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Each metric once."""
        for name, kind, meaning, samples in self._families:
            metric = Metric(name, meaning, kind)
            for sample, labels, value in samples:
                metric.add_sample(sample, dict(labels), value)
            yield metric
