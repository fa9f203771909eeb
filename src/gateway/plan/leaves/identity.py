"""What the gateway knows before any site is asked: `id`, `type` and the site itself.

An `id` is `<site>~<entry_id>`. For one site, a comparison with it becomes a comparison of
`entry_id`, or is decided. Texts compare by code point.

What depends on the site is given back as a function of its name: types are checked, and texts are
escaped and measured, once for all sites.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gateway.model import SEPARATOR
from gateway.parse.tree import FuzzyOp, Op, String
from gateway.plan.leaves.lists import HOLDS
from gateway.plan.leaves.scalars import compare_scalar, matches_text
from gateway.plan.native import Clause, any_of, inverse, one_of

_ENTRY_ID = "entry_id"
_TEXT_NAME = "id"

AtSite: TypeAlias = Callable[[str], Clause]
"""The clause for the site of that name."""


@dataclass(frozen=True, slots=True, eq=False)
class PerSite:
    """A leaf that is another clause at each site."""

    name: str
    """Of the property that depends on the site."""
    at: AtSite

    def inverse(self) -> "PerSite":
        """Where the leaf is false; what depends on the site is never unknown.

        Sites that share a clause share its inverse; the clause is held, so that its identity stays
        its own.
        """
        made: dict[int, tuple[Clause, Clause]] = {}

        def at(site: str) -> Clause:
            clause = self.at(site)
            if id(clause) not in made:
                made[id(clause)] = clause, inverse(clause)
            return made[id(clause)][1]

        return PerSite(self.name, at)


@dataclass(frozen=True, slots=True, eq=False)
class IdsBySite:
    """`id = .. OR id = .. OR ..`, or, when not `equal`, `id != .. AND id != .. AND ..`.

    The ids are sorted by site once, so that a list of a thousand ids costs no site more than its
    own: clients ask for such lists.
    """

    entry_ids: Mapping[str, tuple[str, ...]]
    equal: bool = True
    name: str = "id"

    def at(self, site: str) -> Clause:
        """The clause for the site of that name."""
        clause = one_of(_ENTRY_ID, self.entry_ids.get(site, ()))
        return clause if self.equal else inverse(clause)

    def inverse(self) -> "IdsBySite":
        """Where it is false."""
        return IdsBySite(self.entry_ids, not self.equal)


SiteClause: TypeAlias = PerSite | IdsBySite


def joined_ids(every: Iterable[IdsBySite], *, equal: bool) -> IdsBySite:
    """Several as one: alternatives when `equal`, else conditions that all hold."""
    entry_ids: dict[str, list[str]] = {}
    for ids in every:
        for site, some in ids.entry_ids.items():
            entry_ids.setdefault(site, []).extend(some)
    return IdsBySite({site: tuple(some) for site, some in entry_ids.items()}, equal)


def compare_texts(left: str, op: Op | FuzzyOp, right: str) -> bool:
    """A comparison of two texts that are both known here."""
    return HOLDS[op](left, right)


def compare_id(op: Op | FuzzyOp, value: String) -> SiteClause | Clause:
    """`id op value`."""
    match op:
        case "=" | "!=":
            site, separator, entry_id = value.value.partition(SEPARATOR)
            entry_ids = {site: (entry_id,)} if separator else {}
            return IdsBySite(entry_ids, op == "=")
        case "STARTS":
            return PerSite("id", lambda site: _begins(site + SEPARATOR, value))
        case "CONTAINS" | "ENDS" as fuzzy:
            return _reaches_in(fuzzy, value)
        case op:
            return PerSite("id", lambda site: _compared(site + SEPARATOR, op, value))


def compare_site(name: str, op: Op | FuzzyOp, text: str) -> PerSite:
    """The site's own name compared with a text."""
    return PerSite(name, lambda site: compare_texts(site, op, text))


def _entry_id(op: Op | FuzzyOp, value: String, *, cut: int) -> Clause:
    rest = String(value.value[cut:], value.column)
    return compare_scalar(_ENTRY_ID, op, rest, type_="string", known=True)


def _compared(prefix: str, op: Op, value: String) -> Clause:
    if value.value.startswith(prefix):
        return _entry_id(op, value, cut=len(prefix))
    # An entry_id is never empty, so every id is longer than the prefix and differs from the text
    # within it, or the text is a proper beginning of the prefix: the prefix alone decides.
    return compare_texts(prefix, op, value.value)


def _begins(prefix: str, value: String) -> Clause:
    if value.value.startswith(prefix):
        return _entry_id("STARTS", value, cut=len(prefix))
    return prefix.startswith(value.value)


def _reaches_in(op: FuzzyOp, value: String) -> SiteClause | Clause:
    """The text stands in the entry_id, or in the site's name, or it ends that name with its
    beginning and goes on in the entry_id: then its first separator is that of the id."""
    text = value.value
    inside = matches_text(_TEXT_NAME, op, value, known=True)
    beginning, separator, rest = text.partition(SEPARATOR)
    if not separator:
        if op == "ENDS" or inside is True:
            return inside
        return PerSite("id", lambda site: text in site or inside)
    rest_op: Op | FuzzyOp = "STARTS" if op == "CONTAINS" else "="
    both = any_of((inside, _entry_id(rest_op, value, cut=len(text) - len(rest))))
    across = both if rest or op == "CONTAINS" else inside
    return PerSite("id", lambda site: across if site.endswith(beginning) else inside)
