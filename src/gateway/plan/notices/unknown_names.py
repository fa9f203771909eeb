"""Names that no property has -> warnings: a few, however many names there are."""

from collections.abc import Iterable, Sequence

from gateway.model import Notice
from gateway.properties import Catalogue, nearest_names, same_names

TAKEN_AS_UNKNOWN = "taken as unknown, which no comparison matches"
GIVEN_AS_NULL = "given as null"

_NAMED = 5
"""Names that have a warning of their own; the others are counted."""
_SHOWN = 100


def foreign_notices(
    names: Iterable[str], catalogue: Catalogue, *, effect: str
) -> tuple[Notice, ...]:
    """A warning for each name, the `effect` being what happens to it, with what the same is called
    here; from a few names on, one warning for all the others."""
    named, others = _parted(names)
    details = [
        f"{_short(name)} is not a property of this provider; it is {effect}."
        f"{_asked(same_names(name, catalogue))}"
        for name in named
    ]
    if others > 0:
        details.append(
            f"{others} more names are not properties of this provider; they are {effect}."
        )
    title = "Unknown property of another provider"
    return tuple(Notice(title, detail, "unknown_provider_property") for detail in details)


def unknown_notices(names: Iterable[str], catalogue: Catalogue) -> tuple[Notice, ...]:
    """The same for names that could be ours or NOMAD's, which are given as null; with the name that
    may have been meant."""
    named, others = _parted(names)
    details = [
        f"There is no property {_short(name)}; it is {GIVEN_AS_NULL}.{_hint(name, catalogue)}"
        for name in named
    ]
    if others > 0:
        details.append(f"There are no properties of {others} more names; they are {GIVEN_AS_NULL}.")
    return tuple(Notice("Unknown property", detail, "unknown_property") for detail in details)


def _parted(names: Iterable[str]) -> tuple[Sequence[str], int]:
    """The names that have a warning of their own, and how many others there are."""
    distinct = list(dict.fromkeys(names))
    return distinct[:_NAMED], len(distinct) - _NAMED


def _hint(name: str, catalogue: Catalogue) -> str:
    return _asked(nearest_names(name, catalogue, most=1))


def _asked(near: Sequence[str]) -> str:
    return f" Did you mean {near[0]}?" if near else ""


def _short(name: str) -> str:
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
