"""Numbers in a form that can be sent: families of samples, as Prometheus groups them."""

from typing import TypeAlias

from prometheus_client.registry import Collector

Labels: TypeAlias = tuple[tuple[str, str], ...]
Family: TypeAlias = tuple[str, str, str, list[tuple[str, list[list[str]], float]]]
"""Name, type, meaning; its samples: name, labels, value. It can be written as JSON."""
Families: TypeAlias = list[Family]


def families_of(registry: Collector) -> Families:
    """All numbers of a registry as they are now."""
    return [
        (
            family.name,
            family.type,
            family.documentation,
            [(one.name, [*map(list, one.labels.items())], one.value) for one in family.samples],
        )
        for family in registry.collect()
    ]
