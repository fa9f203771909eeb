"""Ids that no entry can have -> a warning that says how ids are written here.

NOMAD users know the entry_id alone, and other servers' ids have other forms; both find nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from gateway.errors import unknown_site
from gateway.model import SEPARATOR, Notice
from gateway.parse import leaves
from gateway.parse.tree import Compare, Name, Node, String

_NAMED = 3
"""Ids that a warning names; the others are counted."""
_SHOWN = 60
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,60}")
"""NOMAD's have 28 such characters; those of a test may have fewer."""


def notices_of_ids(tree: Node, *, sites: Sequence[str]) -> tuple[Notice, ...]:
    """Warnings about the ids in a filter that no structure can have."""
    return (*id_notices(_values(tree, "id"), sites=sites), *_whole_ids(tree))


def _whole_ids(tree: Node) -> tuple[Notice, ...]:
    """The same of immutable_ids that are ids, of which they are the second part alone."""
    found = dict.fromkeys(one for one in _values(tree, "immutable_id") if SEPARATOR in one)
    if not found:
        return ()
    first = next(iter(found))
    detail = f"No immutable_id is {_short(first)}: it is the entry_id alone, without a site."
    site, _, entry_id = first.partition(SEPARATOR)
    if _ENTRY_ID.fullmatch(entry_id) and _ENTRY_ID.fullmatch(site):
        detail += f' Did you mean id = "{first}"?'
    return (Notice("Unknown form of id", detail, "id_without_site"),)


def id_notices(ids: Iterable[str], *, sites: Sequence[str]) -> tuple[Notice, ...]:
    """The same for ids of structures, wherever they come from."""
    wrong = [one for one in dict.fromkeys(ids) if not _has_site(one, sites)]
    if not wrong:
        return ()
    first = wrong[0]
    site, separator, entry_id = first.partition(SEPARATOR)
    if separator and site:
        detail = f"{_named(wrong)} no entry: {unknown_site(site, sites=sites)}"
    else:
        entry_id = first.removeprefix(SEPARATOR)
        detail = f"{_named(wrong)} no entry: ids are <site>{SEPARATOR}<entry_id>"
        is_usual = _ENTRY_ID.fullmatch(entry_id)
        detail += f", such as {sites[0]}{SEPARATOR}{entry_id}." if is_usual else "."
    if _ENTRY_ID.fullmatch(entry_id):
        detail += f' The filter immutable_id = "{entry_id}" finds an entry_id at any site.'
    return (Notice("Unknown form of id", detail, "id_without_site"),)


def _values(tree: Node, name: str) -> Iterator[str]:
    for leaf in leaves(tree):
        match leaf:
            case Compare(Name(path=(one,)), "=" | "!=", String(text)) if one == name:
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
