"""How large a filter may be, and the error for one that is larger."""

from dataclasses import dataclass

from gateway.errors import FilterLimitError
from gateway.parse.tree import Has, Node
from gateway.parse.walk import leaves


@dataclass(frozen=True, slots=True)
class FilterLimits:
    """The largest filter that is read; the defaults are those of the configuration.

    `length` counts characters, and with it bounds the time that reading takes (about 1 ms for 1,000
    characters). `depth` counts AND, OR and NOT within one another; a NOT and the group below it are
    one level, so that 100 nested parentheses with AND and OR in each are 200 levels. `terms` counts
    comparisons; `values` the items of all HAS lists together.
    """

    length: int = 16_384
    depth: int = 200
    terms: int = 1_000
    values: int = 1_000


def check_length(text: str, limits: FilterLimits) -> None:
    """Refuse a text that is too long."""
    if len(text) > limits.length:
        raise _too_large("characters", found=len(text), limit=limits.length)


def check_counts(tree: Node, limits: FilterLimits, *, length: int) -> None:
    """Refuse too many comparisons or list values in a tree that was read from so many characters.

    The shortest of them have two characters, so everyday filters need no counting.
    """
    if length < 2 * min(limits.terms, limits.values):
        return
    terms = values = 0
    for leaf in leaves(tree):
        terms += 1
        if isinstance(leaf, Has):
            values += sum(map(len, leaf.items))
    if terms > limits.terms:
        raise _too_large("comparisons", found=terms, limit=limits.terms)
    if values > limits.values:
        raise _too_large("list values", found=values, limit=limits.values)


def check_depth(depth: int, limits: FilterLimits) -> None:
    """Refuse a tree that is too deep."""
    if depth > limits.depth:
        raise _too_large("levels of nested AND, OR and NOT", found=depth, limit=limits.depth)


def _too_large(what: str, *, found: int, limit: int) -> FilterLimitError:
    return FilterLimitError(
        f"The filter has {found} {what}; this server accepts at most {limit}. "
        "Ask for less at a time, in several requests."
    )
