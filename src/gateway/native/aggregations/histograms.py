"""The interval of a histogram that is asked for by a number of buckets, as NOMAD chooses it."""

import math
from collections.abc import Callable

from gateway.model import Json, JsonObject
from gateway.native.kinds import known_kinds

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
    if known_kinds().get(quantity) in WHOLE:
        return float(math.ceil((high - low) / buckets))
    return (1 + 1e-12) * max(0.0, high - low) / buckets


def _of(choose: Callable[[list[float]], float], *values: Json) -> float | None:
    numbers = [float(one) for one in values if isinstance(one, int | float)]
    return choose(numbers) if numbers else None
