"""A filter's tree -> what each site is asked, or why a site is skipped."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.catalogue.quantities import OLDEST
from gateway.errors import FilterLimitError
from gateway.model import NativeQuery, Notice
from gateway.parse import normal_form
from gateway.parse.balance import shallow
from gateway.parse.tree import And, Compare, Has, Leaf, Name, Node, Not, Or
from gateway.plan.names import Scope, is_foreign
from gateway.plan.native import DEPTH, PARSED_TEXT, Clause, all_of, among, any_of, size_of
from gateway.plan.predicates import translate_leaf
from gateway.plan.relationships import is_related, translate_related
from gateway.properties import STRUCTURE

TREE_DEPTH = 10
"""And/or levels of a tree that is translated; single leaves add up to six levels of their own."""

TREE_SIZE = 12_000


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
    notices: tuple[Notice, ...] = ()


def plan_sites(
    tree: Node | None,
    *,
    sites: Sequence[str],
    scope: Scope,
    base: NativeQuery = STRUCTURE,
    versions: Mapping[str, str | None] | None = None,
) -> Plan:
    """One plan per site for a filter as it was read; None asks for every entry.

    A site whose version is not known is asked as the oldest.
    """
    if tree is None:
        return Plan(tuple(SitePlan(site, base) for site in sites))
    names = list(_names(tree))
    scopes = [_at_site(scope, site, versions or {}) for site in sites]
    normal = checked_normal_form(tree, scopes[0] if scopes else _at_site(scope, "-", {}))
    if any(_depends_on_site(name, scope) for name in names):
        plans = [
            _site_plan(site, translate_tree(normal, here), base)
            for site, here in zip(sites, scopes, strict=True)
        ]
    else:
        clause = translate_tree(normal, scope)
        plans = [_site_plan(site, clause, base, everywhere=True) for site in sites]
    return Plan(tuple(plans), foreign_notices(tree, scope))


def checked_normal_form(tree: Node, scope: Scope) -> Node:
    """The normal form, after every leaf has been held against the catalogue: a wrong name or type
    is an error also where folding constants makes the leaf needless (section "Type handling")."""
    normal = shallow(normal_form(tree), depth=TREE_DEPTH, size=TREE_SIZE)
    if any(isinstance(leaf, Compare) and not isinstance(leaf.left, Name) for leaf in leaves(tree)):
        for leaf in leaves(tree):
            if not isinstance(leaf, Compare) or isinstance(leaf.left, Name):
                _translate(leaf, negated=False, scope=scope)
    return normal


def translate_tree(node: Node, scope: Scope) -> Clause:
    """The clause of a normal form whose nesting is bounded."""
    match node:
        case And(parts):
            return all_of([translate_tree(part, scope) for part in parts])
        case Or(parts):
            return any_of([translate_tree(part, scope) for part in parts])
        case Not(part):
            if isinstance(part, And | Or | Not):
                raise AssertionError("a normal form has NOT above leaves only")
            return _translate(part, negated=True, scope=scope)
        case _:
            return _translate(node, negated=False, scope=scope)


def _translate(leaf: Leaf, *, negated: bool, scope: Scope) -> Clause:
    if is_related(leaf):
        return translate_related(leaf, negated=negated, scope=scope)
    return translate_leaf(leaf, negated=negated, scope=scope)


def with_base(clause: Clause, base: NativeQuery) -> NativeQuery | None:
    """The query for a site: the clause among the entries of `base`; None when nothing can match."""
    combined = among(base, clause)
    if isinstance(combined, bool):
        return None
    depth, parsed = size_of(combined)
    if depth > DEPTH:
        raise FilterLimitError(
            "The filter nests AND, OR and NOT too deeply to be asked of NOMAD, even rewritten."
        )
    if parsed > PARSED_TEXT:
        raise FilterLimitError(
            "CONTAINS, ENDS WITH and element ratios are parsed by NOMAD, which is slow: rewritten "
            f"they have {parsed} characters here, and at most {PARSED_TEXT} are sent."
        )
    return combined


def leaves(node: Node) -> Iterator[Leaf]:
    """All leaves of a tree, from left to right."""
    waiting: list[Node] = [node]
    while waiting:
        match waiting.pop():
            case And(parts) | Or(parts):
                waiting.extend(reversed(parts))
            case Not(part):
                waiting.append(part)
            case leaf:
                yield leaf


def _site_plan(
    site: str, clause: Clause, base: NativeQuery, *, everywhere: bool = False
) -> SitePlan:
    query = with_base(clause, base)
    if query is not None:
        return SitePlan(site, query)
    reason = "no entry can match the filter" if everywhere else "the filter excludes this site"
    return SitePlan(site, None, reason)


def _at_site(scope: Scope, site: str, versions: Mapping[str, str | None]) -> Scope:
    return replace(scope, site=site, version=versions.get(site) or OLDEST)


def _depends_on_site(name: Name, scope: Scope) -> bool:
    found = scope.catalogue.get(name.path[0])
    if found is None or found.name == "type":
        return False
    return found.reach == "local" or found.lifetime.is_limited


def _names(tree: Node) -> Iterator[Name]:
    for leaf in leaves(tree):
        match leaf:
            case Compare(left, _, right):
                yield from (side for side in (left, right) if isinstance(side, Name))
            case Has(subjects):
                yield from subjects
            case _:
                yield leaf.subject


def foreign_notices(tree: Node, scope: Scope) -> tuple[Notice, ...]:
    """A warning for each name in a filter that stands under another provider's prefix."""
    foreign = dict.fromkeys(name.name for name in _names(tree) if is_foreign(name, scope))
    return tuple(
        Notice(
            title="Unknown property of another provider",
            detail=f"{name} is not a property of this provider; it is taken as unknown, "
            "which no comparison matches.",
            code="unknown_provider_property",
        )
        for name in foreign
    )
