"""Checks of values in a site's JSON: does a property accept them? They never raise.

Lists are checked as a whole, in C loops, because every site of every structure passes here.
"""

from itertools import chain
from math import isfinite
from typing import TypeGuard

from gateway.model import Json

_NUMBERS = {float, int}
_LIST = {list}
_TEXT = {str}
_THREE = {3}
# Integers beyond this are no longer exact as floats, and beyond 64 bits they cannot be written.
_LARGEST = 2**53
_LARGEST_COUNT = 2**31 - 1


def is_text(value: object) -> TypeGuard[str]:
    """A string."""
    return type(value) is str


def is_count(value: object) -> TypeGuard[int]:
    """A whole number from 0 to the largest that NOMAD's index holds."""
    return type(value) is int and 0 <= value <= _LARGEST_COUNT


def is_whole(value: object) -> TypeGuard[int]:
    """A whole number that NOMAD's index can hold."""
    return type(value) is int and -_LARGEST_COUNT - 1 <= value <= _LARGEST_COUNT


def is_real(value: object) -> TypeGuard[float]:
    """A finite number."""
    return type(value) in _NUMBERS and _are_numbers([value])


def is_truth(value: object) -> TypeGuard[bool]:
    """True or false."""
    return type(value) is bool


def is_list(value: object) -> TypeGuard[list[Json]]:
    """A list of anything."""
    return type(value) is list


def is_object(value: object) -> TypeGuard[dict[str, Json]]:
    """A JSON object."""
    return type(value) is dict


def is_texts(value: object) -> TypeGuard[list[str]]:
    """A list of strings, perhaps empty."""
    return type(value) is list and set(map(type, value)) <= _TEXT


def is_numbers(value: object) -> TypeGuard[list[float]]:
    """A list of finite numbers, perhaps empty."""
    return type(value) is list and _are_numbers(value)


def is_vectors(value: object) -> TypeGuard[list[list[float]]]:
    """A list of vectors of three finite numbers each, perhaps empty."""
    return (
        type(value) is list
        and set(map(type, value)) <= _LIST
        and set(map(len, value)) <= _THREE
        and _are_numbers(list(chain.from_iterable(value)))
    )


def _are_numbers(values: list[object]) -> bool:
    kinds = set(map(type, values))
    if not kinds <= _NUMBERS:
        return False
    if int in kinds and not all(-_LARGEST <= one <= _LARGEST for one in values):  # type: ignore[operator]
        return False
    return all(map(isfinite, values))  # type: ignore[arg-type]
