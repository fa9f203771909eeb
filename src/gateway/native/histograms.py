"""The interval of a histogram that is asked for by a number of buckets, as NOMAD chooses it."""

import math
from collections.abc import Callable
from functools import lru_cache

from gateway.catalogue.quantities import read_quantities
from gateway.model import Json, JsonObject

WHOLE = ("integer", "date")


def interval_of(settings: JsonObject, extremes: Json, *, quantity: str) -> float | None:
    """The interval over the values of all sites, 0 if they are all equal; None: there are none."""
    low, high = extremes if isinstance(extremes, list) and len(extremes) == 2 else (None, None)
    bounds = settings.get("extended_bounds")
    if isinstance(bounds, dict):
        low = _of(min, low, bounds.get("min"))
        high = _of(max, high, bounds.get("max"))
    buckets = settings.get("buckets")
    if not (
        isinstance(low, int | float) and isinstance(high, int | float) and isinstance(buckets, int)
    ):
        return None
    if quantity in _whole_ones():
        return float(math.ceil((high - low) / buckets))
    return (1 + 1e-12) * max(0.0, high - low) / buckets


def _of(choose: Callable[[list[float]], float], *values: Json) -> float | None:
    numbers = [float(one) for one in values if isinstance(one, int | float)]
    return choose(numbers) if numbers else None


@lru_cache(maxsize=1)
def _whole_ones() -> frozenset[str]:
    return frozenset(one.path for one in read_quantities() if one.type in WHOLE)
