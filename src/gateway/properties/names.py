"""A name that no property has -> the names that may have been meant."""

import re
from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache
from heapq import nlargest
from itertools import islice

from gateway.catalogue.former_names import FORMER_NAMES
from gateway.catalogue.other_names import OTHER_NAMES

_LONGEST = 200
_PREFIX = re.compile(r"_[a-z0-9]+_")
_SHORTLIST = 12
_SECTIONS = ("dft_", "encyclopedia_material_", "encyclopedia_method_", "encyclopedia_")
"""What once stood before the names of quantities, and stands there no more."""


def nearest_names(name: str, names: Collection[str], *, most: int = 3) -> tuple[str, ...]:
    """Up to `most` of the names, the likeliest first: what NOMAD calls it today, what others mean
    by it, names that end with it, names spelt alike."""
    if len(name) > _LONGEST:
        return ()
    lower = name.lower()
    path = f"_nmd_{lower.replace('.', '_')}" if "." in lower else ""
    found: dict[str, None] = {one: None for one in names if one in (lower, path)}
    found |= dict.fromkeys(_ending(FORMER_NAMES.get(lower) or FORMER_NAMES.get(path, ""), names))
    if not found:
        found |= dict.fromkeys(_called(OTHER_NAMES.get(lower, ()), names))
    if not found and _PREFIX.match(lower):
        found |= dict.fromkeys(same_names(lower, names))
    if not found:
        found |= dict.fromkeys(_ending(_bare(lower), names))
        found |= dict.fromkeys(_close(lower, names, most))
    return tuple(found)[:most]


def same_names(name: str, names: Collection[str]) -> tuple[str, ...]:
    """What a name under a prefix, another provider's perhaps, is called here; nothing where that is
    no more than likely."""
    lower = name[:_LONGEST].lower()
    words = _PREFIX.sub("", lower, count=1)
    own = [one for one in names if one.startswith("_") and not one.startswith("_nmd_")]
    found = [one for one in own if _PREFIX.sub("", one, count=1) == words]
    found += [words] if words in names else _called(OTHER_NAMES.get(words, ()), names)
    return tuple(dict.fromkeys(found))


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


def _close(name: str, names: Collection[str], most: int) -> Iterator[str]:
    """Names spelt alike. What stands under one prefix is compared without it: the prefix alone
    would make short names alike."""
    prefix = _PREFIX.match(name)
    kin = [one for one in names if prefix and one.startswith(prefix[0])]
    near = [] if prefix else get_close_matches(name, _alike(name, names), n=most)
    bare = {_PREFIX.sub("", one, count=1): one for one in (*names, *kin)}
    words = _PREFIX.sub("", name, count=1)
    cutoff = 0.7 if prefix else 0.8
    yield from near
    yield from (
        bare[one] for one in get_close_matches(words, _alike(words, bare), n=most, cutoff=cutoff)
    )


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
