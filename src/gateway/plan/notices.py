"""Names of other providers -> warnings: a few, however many names there are."""

from collections.abc import Iterable

from gateway.model import Notice

TAKEN_AS_UNKNOWN = "taken as unknown, which no comparison matches"
GIVEN_AS_NULL = "given as null"

_NAMED = 5
"""Names that have a warning of their own; the others are counted."""
_SHOWN = 100


def foreign_notices(names: Iterable[str], effect: str) -> tuple[Notice, ...]:
    """A warning for each name, the `effect` being what happens to it; from a few names on, one
    warning for all the others."""
    distinct = list(dict.fromkeys(names))
    named, others = distinct[:_NAMED], len(distinct) - _NAMED
    notices = [
        _notice(f"{_short(name)} is not a property of this provider; it is {effect}.")
        for name in named
    ]
    if others > 0:
        notices.append(
            _notice(f"{others} more names are not properties of this provider; they are {effect}.")
        )
    return tuple(notices)


def _notice(detail: str) -> Notice:
    return Notice(
        title="Unknown property of another provider",
        detail=detail,
        code="unknown_provider_property",
    )


def _short(name: str) -> str:
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
