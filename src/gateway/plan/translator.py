"""A normal form -> clauses: each leaf once for all sites, what depends on the site as a remainder.

`Translator.partial` makes a part: a clause, where no leaf of it depends on the site, or a group
with holes for the leaves that do. `at_sites` fills the holes, once for all sites that fill them
alike.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from gateway.errors import SiteNeededError
from gateway.parse.tree import And, Leaf, Node, Not, Or
from gateway.plan.leaves.identity import IdsBySite, PerSite, SiteClause, joined_ids
from gateway.plan.leaves.predicates import LeafClause, translate_leaf
from gateway.plan.leaves.relationships import is_related, translate_related
from gateway.plan.names import Scope
from gateway.plan.native import Clause, all_of, any_of
from gateway.plan.work_budget import SPAN_BYTES
from gateway.properties.native_query import native_bytes

Kind: TypeAlias = Literal["and", "or"]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Parts of which at least one depends on the site."""

    kind: Kind
    parts: tuple["Part", ...]


Part: TypeAlias = Clause | SiteClause | Group
_DEPENDING = (PerSite, IdsBySite, Group)


class Translator:
    """Translates leaves in one scope; equal leaves, which rewriting makes, only once."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._leaves: dict[tuple[int, bool], tuple[LeafClause, int]] = {}

    def partial(self, node: Node) -> Part:
        """The part for a normal form whose nesting is bounded (`TREE_DEPTH`)."""
        match node:
            case And(parts):
                return _joined("and", [self.partial(part) for part in parts])
            case Or(parts):
                return _joined("or", [self.partial(part) for part in parts])
            case Not(part):
                if isinstance(part, And | Or | Not):
                    raise AssertionError("a normal form has NOT above leaves only")
                return self._counted(part, negated=True)
            case leaf:
                return self._counted(leaf, negated=False)

    def _counted(self, leaf: Leaf, *, negated: bool) -> LeafClause:
        """The tree lives as long as the translator, so that its leaves keep their identities."""
        key = (id(leaf), negated)
        if key not in self._leaves:
            clause = self.leaf(leaf, negated=negated)
            self._leaves[key] = clause, _size(clause)
        clause, size = self._leaves[key]
        self._scope.work.spend(size)
        return clause

    def leaf(self, leaf: Leaf, *, negated: bool = False) -> LeafClause:
        """One leaf, or the error that says what is wrong with it."""
        if is_related(leaf):
            return translate_related(leaf, negated=negated, scope=self._scope)
        return translate_leaf(leaf, negated=negated, scope=self._scope)


def at_sites(part: Part, sites: Sequence[str]) -> Iterator[Clause]:
    """The clause of each site; sites whose leaves become the same share one and the same object."""
    holes = tuple(_holes(part))
    # By identity: fillings that are shared are constants or made once for a leaf. They are held
    # beside the clause, so that their identities stay their own.
    made: dict[tuple[int, ...], tuple[Clause, list[Clause]]] = {}
    for site in sites:
        filling = [hole.at(site) for hole in holes]
        key = tuple(map(id, filling))
        if key not in made:
            made[key] = _filled(part, iter(filling)), filling
        yield made[key][0]


def at_any_site(part: Part) -> Clause:
    """The clause where no site is given; SiteNeededError if it depends on one."""
    for hole in _holes(part):
        raise SiteNeededError(f"What {hole.name} is compared with depends on the site; name one.")
    return _filled(part, iter(()))


def _size(clause: LeafClause) -> int:
    if isinstance(clause, PerSite | IdsBySite):
        return 2 * SPAN_BYTES
    return SPAN_BYTES if isinstance(clause, bool) else native_bytes(clause)


def _joined(kind: Kind, parts: Sequence[Part]) -> Part:
    """The parts as one; neighbours that depend on no site are joined here, once for all sites."""
    join = all_of if kind == "and" else any_of
    runs: list[Part] = []
    clauses: list[Clause] = []
    for part in _with_joined_ids(kind, parts):
        if not isinstance(part, _DEPENDING):
            clauses.append(part)
            continue
        if clauses:
            runs.append(join(clauses))
            clauses = []
        runs.append(part)
    if not runs:
        return join(clauses)
    if clauses:
        runs.append(join(clauses))
    if (decisive := kind == "or") in (one for one in runs if isinstance(one, bool)):
        return decisive
    rest = tuple([one for one in runs if not isinstance(one, bool)])
    return rest[0] if len(rest) == 1 else Group(kind, rest)


def _with_joined_ids(kind: Kind, parts: Sequence[Part]) -> Iterable[Part]:
    """Alternatives `id = ..`, or conditions `id != ..`, as one part in the first one's place."""
    equal = kind == "or"
    alike = [part for part in parts if isinstance(part, IdsBySite) and part.equal is equal]
    if len(alike) < 2:
        return parts
    joined = {id(alike[0]): joined_ids(alike, equal=equal)}
    later = {id(part) for part in alike[1:]}
    return [joined.get(id(part), part) for part in parts if id(part) not in later]


def _holes(part: Part) -> Iterator[SiteClause]:
    if isinstance(part, PerSite | IdsBySite):
        yield part
    elif isinstance(part, Group):
        for inner in part.parts:
            yield from _holes(inner)


def _filled(part: Part, fillings: Iterator[Clause]) -> Clause:
    """The part with its holes filled, in the sequence in which `_holes` finds them."""
    if isinstance(part, Group):
        clauses = [_filled(inner, fillings) for inner in part.parts]
        return all_of(clauses) if part.kind == "and" else any_of(clauses)
    if isinstance(part, PerSite | IdsBySite):
        return next(fillings)
    return part
