"""A filter's tree -> what each site is asked, or why a site is skipped."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.catalogue.quantities import OLDEST
from gateway.errors import FilterLimitError
from gateway.model import SEPARATOR, NativeQuery, Notice
from gateway.parse import leaves, normal_form, shallow
from gateway.parse.tree import Compare, Has, Leaf, Name, Node
from gateway.plan.names import Scope, is_foreign
from gateway.plan.native import DEPTH, PARSED_TEXT, Clause, among
from gateway.plan.notices import (
    TAKEN_AS_UNKNOWN,
    foreign_notices,
    id_notices,
    notices_of_ids,
    value_notices,
)
from gateway.plan.translator import Part, Translator, at_sites
from gateway.plan.work_budget import NATIVE_BYTES, WorkBudget
from gateway.properties import STRUCTURE
from gateway.properties.native_query import (
    IS_STRUCTURE,
    NativeNode,
    OneOf,
    native_bytes,
    native_depth,
    parsed_characters,
    write_query,
)

TREE_DEPTH = 10
"""And/or levels of a tree that is translated; single leaves add up to six levels of their own,
which together stays below `native.DEPTH`."""

TREE_SIZE = 12_000
"""Leaves of a tree that is rewritten to have so few levels: 100 nested parentheses, with AND and OR
in each, take about 1,500."""

ALL_SITES_BYTES = 10 * NATIVE_BYTES
"""Of the different queries of all sites together."""


@dataclass(frozen=True, slots=True)
class SitePlan:
    """What one site is asked; without a query nothing there can match, for `reason`."""

    site: str
    query: NativeQuery | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What all sites are asked, and what the caller should know about the filter."""

    sites: tuple[SitePlan, ...]
    """Sites that are asked the same share one and the same query object."""
    notices: tuple[Notice, ...] = ()
    size: int = 0
    """Bytes of the different queries, written as JSON."""


def plan_sites(
    tree: Node | None,
    *,
    sites: Sequence[str],
    scope: Scope,
    versions: Mapping[str, str | None] | None = None,
) -> Plan:
    """One plan per site for a filter as it was read; None asks for every entry.

    A site whose version is not known is asked as the oldest.
    """
    if tree is None:
        return Plan(tuple(SitePlan(site, STRUCTURE) for site in sites))
    normal = shallow(normal_form(tree), depth=TREE_DEPTH, size=TREE_SIZE)
    plans: dict[str, SitePlan] = {}
    size = 0
    groups = list(_by_version(tree, sites, scope, versions or {}))
    for version, alike in groups:
        work = WorkBudget()
        part = translated(tree, normal, replace(scope, version=version, work=work))
        writer = _QueryWriter(work.spent)
        everywhere = isinstance(part, bool) and len(groups) == 1
        for site, clause in zip(alike, at_sites(part, alike), strict=True):
            plans[site] = _site_plan(site, writer.write(clause), everywhere=everywhere)
        size += writer.size
    notices = (
        *foreign_notices(
            names_of_other_providers(tree, scope), scope.catalogue, effect=TAKEN_AS_UNKNOWN
        ),
        *notices_of_ids(tree, sites=sites),
        *value_notices(tree, scope=scope, sites=sites),
    )
    return Plan(tuple(plans[site] for site in sites), notices, size)


def plan_entry(site: str, entry_id: str, *, sites: Sequence[str]) -> Plan:
    """The plan of the filter `id = "<site>~<entry_id>"`, without reading it."""
    query = write_structures_query(OneOf("entry_id", (entry_id,)), made=len(entry_id))
    plans = tuple(_site_plan(one, query if one == site else None) for one in sites)
    return Plan(plans, id_notices((f"{site}{SEPARATOR}{entry_id}",), sites=sites))


def translated(tree: Node, normal: Node, scope: Scope) -> Part:
    """The normal form of a tree, translated for all sites of one version.

    Every leaf is checked against the catalogue: a wrong name or type is an error also where folding
    constants makes the leaf needless (section "Type handling").
    """
    translator = Translator(scope)
    part = translator.partial(normal)
    every = list(leaves(tree))
    compared = [leaf for leaf in every if not _is_constant(leaf)]
    if len(compared) < len(every):
        for leaf in compared:
            translator.leaf(leaf)
    return part


def write_structures_query(clause: Clause, *, made: int) -> NativeQuery | None:
    """The query for the structures where the clause holds; None: it never holds.

    `made` is how many bytes the leaves have that it is made of, each counted as often as it stands
    there. A small query need not be checked: it has no more text than its leaves, and is no deeper
    than TREE_DEPTH and one leaf together.
    """
    node = among(IS_STRUCTURE, clause)
    if node is None:
        return None
    if made > PARSED_TEXT:
        _check_limits(node)
    return write_query(node)


class _QueryWriter:
    """Writes the clauses of all sites, each object once."""

    def __init__(self, made: int) -> None:
        self._made = made
        self._written: dict[int, tuple[Clause, NativeQuery | None]] = {}
        self._work = WorkBudget(ALL_SITES_BYTES)

    @property
    def size(self) -> int:
        """Bytes written so far, or more."""
        return self._work.spent

    def write(self, clause: Clause) -> NativeQuery | None:
        """The query of a clause; the clause is held, so that its identity stays its own."""
        if id(clause) not in self._written:
            if not isinstance(clause, bool):
                small = self._made < PARSED_TEXT
                self._work.spend(self._made if small else native_bytes(clause))
            query = write_structures_query(clause, made=self._made)
            self._written[id(clause)] = clause, query
        return self._written[id(clause)][1]


def _check_limits(node: NativeNode) -> None:
    if native_depth(node) > DEPTH:
        raise FilterLimitError(
            "The filter nests AND, OR and NOT too deeply to be asked of NOMAD, even rewritten."
        )
    parsed = parsed_characters(node)
    if parsed > PARSED_TEXT:
        raise FilterLimitError(
            "CONTAINS, ENDS WITH and element ratios are parsed by NOMAD, which is slow: "
            f"rewritten they have {parsed} characters here, and at most {PARSED_TEXT} are "
            "sent. Use fewer of them, or ask in several requests."
        )


def _site_plan(site: str, query: NativeQuery | None, *, everywhere: bool = False) -> SitePlan:
    if query is not None:
        return SitePlan(site, query)
    reason = "no entry can match the filter" if everywhere else "the filter excludes this site"
    return SitePlan(site, None, reason)


def _by_version(
    tree: Node, sites: Sequence[str], scope: Scope, versions: Mapping[str, str | None]
) -> Iterator[tuple[str, list[str]]]:
    """The sites in groups for which the filter's properties exist alike, each with a version."""
    found = [scope.catalogue.get(name.path[0]) for name in _names(tree)]
    lifetimes = {one.lifetime for one in found if one is not None and one.lifetime.is_limited}
    groups: dict[tuple[bool, ...], tuple[str, list[str]]] = {}
    for site in sites:
        version = versions.get(site) or OLDEST
        have = tuple([lifetime.holds(version) for lifetime in lifetimes])
        groups.setdefault(have, (version, []))[1].append(site)
    yield from groups.values()


def _is_constant(leaf: Leaf) -> bool:
    return isinstance(leaf, Compare) and not isinstance(leaf.left, Name)


def _names(tree: Node) -> Iterator[Name]:
    for leaf in leaves(tree):
        match leaf:
            case Compare(left, _, right):
                yield from (side for side in (left, right) if isinstance(side, Name))
            case Has(subjects):
                yield from subjects
            case _:
                yield leaf.subject


def names_of_other_providers(tree: Node, scope: Scope) -> Iterator[str]:
    """The names in a filter that stand under another provider's prefix."""
    return (name.name for name in _names(tree) if is_foreign(name, scope))
