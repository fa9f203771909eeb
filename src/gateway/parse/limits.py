"""How large a filter may be, and the error for one that is larger."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.errors import FilterLimitError
from gateway.parse.lexemes import Lexeme


@dataclass(frozen=True, slots=True)
class FilterLimits:
    """The largest filter that is read.

    `length` counts characters; `depth` AND, OR and NOT within one another (a NOT and the group
    below it are one level); `terms` comparisons; `values` the items of all HAS lists together.
    """

    length: int = 65_536
    depth: int = 200
    terms: int = 10_000
    values: int = 20_000


def check_length(text: str, limits: FilterLimits) -> None:
    """Refuse a text that is too long."""
    if len(text) > limits.length:
        raise _too_large("characters", found=len(text), limit=limits.length)


def check_counts(lexemes: Sequence[Lexeme], limits: FilterLimits) -> None:
    """Refuse too many comparisons or list values, told from the words between them."""
    if len(lexemes) < min(limits.terms, limits.values):
        return
    kinds = [lexeme.type for lexeme in lexemes]
    terms = kinds.count("AND") + kinds.count("OR") + 1
    if terms > limits.terms:
        raise _too_large("comparisons", found=terms, limit=limits.terms)
    values = _count_values(kinds)
    if values > limits.values:
        raise _too_large("list values", found=values, limit=limits.values)


def _count_values(kinds: Iterable[str]) -> int:
    values, in_list = 0, False
    for kind in kinds:
        if kind in ("AND", "OR"):
            in_list = False
        elif kind == "HAS" or (in_list and kind in ("COMMA", "COLON")):
            values, in_list = values + 1, True
    return values


def check_depth(depth: int, limits: FilterLimits) -> None:
    """Refuse a tree that is too deep."""
    if depth > limits.depth:
        raise _too_large("levels of nested AND, OR and NOT", found=depth, limit=limits.depth)


def _too_large(what: str, *, found: int, limit: int) -> FilterLimitError:
    return FilterLimitError(f"The filter has {found} {what}; this server accepts at most {limit}.")
