"""A name that no property has -> the names that may have been meant."""

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache
from heapq import nlargest
from itertools import islice

from gateway.catalogue.former_names import FORMER_NAMES
from gateway.catalogue.other_names import OTHER_NAMES

_LONGEST = 200
_SHORTLIST = 12
_SECTIONS = ("dft_", "encyclopedia_material_", "encyclopedia_method_", "encyclopedia_")
"""What once stood before the names of quantities, and stands there no more."""


def nearest_names(name: str, names: Collection[str], *, most: int = 3) -> tuple[str, ...]:
    """Up to `most` of the names, the likeliest first: what NOMAD calls it today, what others mean
    by it, names that end with it, names spelt alike."""
    if len(name) > _LONGEST:
        return ()
    lower = name.lower()
    found: dict[str, None] = {one: None for one in names if one == lower}
    found |= dict.fromkeys(_ending(FORMER_NAMES.get(lower, ""), names))
    if not found:
        found |= dict.fromkeys(_called(OTHER_NAMES.get(lower, ()), names))
    if not found:
        found |= dict.fromkeys(_ending(_bare(lower), names))
        found |= dict.fromkeys(get_close_matches(lower, _alike(lower, names), n=most))
    return tuple(found)[:most]


def _called(words: Sequence[str], names: Collection[str]) -> Iterator[str]:
    """The property that each word stands for, as far as there is one."""
    for word in words:
        if word in names or not word.startswith("_"):
            yield from islice(_ending(word, names), 1)


def _ending(words: str, names: Collection[str]) -> Iterator[str]:
    """Names that end with these words, the shortest first."""
    if not words:
        return
    if words in names:
        yield words
        return
    yield from sorted((one for one in names if one.endswith(f"_{words}")), key=len)


def _alike(name: str, names: Collection[str]) -> list[str]:
    """The names that share most pieces with it: difflib would need long for all of them."""
    pieces = _pieces(name)

    def share(one: str) -> float:
        others = _pieces(one)
        return len(pieces & others) / (len(pieces) + len(others))

    return nlargest(_SHORTLIST, names, key=share)


@lru_cache(maxsize=1024)
def _pieces(name: str) -> frozenset[str]:
    padded = f" {name} "
    return frozenset(padded[i : i + 2] for i in range(len(padded) - 1))


def _bare(name: str) -> str:
    """`crystal_system` of `_nmd_dft_crystal_system`; nothing of a name under no such prefix."""
    if not name.startswith("_nmd_"):
        return ""
    words = name.removeprefix("_nmd_")
    return next((words.removeprefix(one) for one in _SECTIONS if words.startswith(one)), words)
