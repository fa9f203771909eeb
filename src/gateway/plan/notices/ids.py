"""Ids that no entry can have -> a warning that says how ids are written here.

NOMAD users know the entry_id alone, and other servers' ids have other forms; both find nothing.
"""

from collections.abc import Iterable, Iterator, Sequence

from gateway.errors import unknown_site
from gateway.model import SEPARATOR, Notice
from gateway.parse import leaves
from gateway.parse.tree import Compare, Name, Node, String

_NAMED = 3
"""Ids that a warning names; the others are counted."""
_SHOWN = 60


def notices_of_ids(tree: Node, *, sites: Sequence[str]) -> tuple[Notice, ...]:
    """A warning about the ids in a filter that no structure can have."""
    return id_notices(_ids(tree), sites=sites)


def id_notices(ids: Iterable[str], *, sites: Sequence[str]) -> tuple[Notice, ...]:
    """The same for ids of structures, wherever they come from."""
    wrong = [one for one in dict.fromkeys(ids) if not _has_site(one, sites)]
    if not wrong:
        return ()
    first = wrong[0]
    site, separator, entry_id = first.partition(SEPARATOR)
    if separator:
        detail = f"{_named(wrong)} no entry: {unknown_site(site, sites=sites)}"
        how = f'immutable_id = "{_short(entry_id)}" finds an entry at whatever site.'
    else:
        detail = (
            f"{_named(wrong)} no entry: ids are <site>{SEPARATOR}<entry_id>, "
            f"such as {sites[0]}{SEPARATOR}{_short(first)}."
        )
        how = f'immutable_id = "{_short(first)}" finds an entry_id at whatever site.'
    return (Notice("Unknown form of id", f"{detail} The filter {how}", "id_without_site"),)


def _ids(tree: Node) -> Iterator[str]:
    for leaf in leaves(tree):
        match leaf:
            case Compare(Name(path=("id",)), "=" | "!=", String(text)):
                yield text


def _has_site(text: str, sites: Sequence[str]) -> bool:
    site, separator, _ = text.partition(SEPARATOR)
    return bool(separator) and site in sites


def _named(ids: Sequence[str]) -> str:
    named = ", ".join(_short(one) for one in ids[:_NAMED])
    others = len(ids) - _NAMED
    if others > 0:
        return f"{named} and {others} more ids in this form are those of"
    return f"{named} {'is the id' if len(ids) == 1 else 'are ids'} of"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
