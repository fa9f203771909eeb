"""Attributes as they come, read as what they should be: a text, a number, texts, vectors.

What is something else is unknown: the page shows what an Oasis says, and nothing breaks it.
"""

import math
from typing import TypeAlias, TypeGuard

from gateway.model import Json, JsonObject

Vector: TypeAlias = tuple[float, float, float]


def text_of(attributes: JsonObject, name: str) -> str | None:
    """A text that is not empty."""
    value = attributes.get(name)
    return value.strip() or None if isinstance(value, str) else None


def number_of(attributes: JsonObject, name: str) -> float | None:
    """A finite number; no truth value."""
    value = attributes.get(name)
    return value if is_number(value) else None


def texts_of(attributes: JsonObject, name: str) -> tuple[str, ...]:
    """The texts of a list, each once, in their order; a text alone is a list of one."""
    value = attributes.get(name)
    values = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(one for one in values if isinstance(one, str) and one))


def values_of(attributes: JsonObject, name: str) -> list[Json]:
    """A list, or none."""
    value = attributes.get(name)
    return value if isinstance(value, list) else []


def vector_of(value: Json) -> Vector | None:
    """Three finite numbers."""
    if not isinstance(value, list) or len(value) != 3:
        return None
    x, y, z = value
    return (x, y, z) if is_number(x) and is_number(y) and is_number(z) else None


def is_number(value: Json) -> TypeGuard[float]:
    """Whether it is a finite number; no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
