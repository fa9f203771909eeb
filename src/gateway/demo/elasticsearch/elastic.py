"""Elasticsearch queries as frozen nodes, combined the way NOMAD's client library joins them.

How nodes are merged decides which queries are too wide or too deep, so it is part of the fake.
"""

from dataclasses import dataclass, replace

from gateway.demo.refusals import elastic_refusal

Scalar = str | int | float | bool
MAX_CLAUSES = 1024
MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class MatchNone:
    """No document."""


@dataclass(frozen=True, slots=True)
class Match:
    """Documents with this value in the field; on a text field, one of its tokens."""

    field: str
    value: Scalar
    mode: str = "match"


@dataclass(frozen=True, slots=True)
class Terms:
    """Documents with one of these values in the field."""

    field: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """Documents with a value within the bounds: pairs of `gt`, `gte`, `lt`, `lte` and value."""

    field: str
    bounds: tuple[tuple[str, Scalar], ...]


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Documents with a value that the pattern (`*`, `?`, backslash) matches as a whole."""

    field: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Exists:
    """Documents with any value in the field."""

    field: str


@dataclass(frozen=True, slots=True)
class Nested:
    """Documents with a member at `path` that the query selects."""

    path: str
    query: "Elastic"


@dataclass(frozen=True, slots=True)
class Bool:
    """All of `must`, none of `must_not`, and at least `minimum` of `should` (None: as usual)."""

    must: tuple["Elastic", ...] = ()
    should: tuple["Elastic", ...] = ()
    must_not: tuple["Elastic", ...] = ()
    minimum: int | None = None

    @property
    def needed(self) -> int:
        """How many of `should` must match."""
        if self.minimum is not None:
            return self.minimum
        return 0 if not self.should or self.must else 1

    @property
    def is_plain_or(self) -> bool:
        """Whether it is alternatives only, so that more can be added."""
        return not (self.must or self.must_not or self.minimum)


Elastic = MatchNone | Match | Terms | Range | Wildcard | Exists | Nested | Bool


def both(left: Elastic, right: Elastic) -> Elastic:
    """`left & right` as elasticsearch.dsl writes it."""
    if isinstance(left, MatchNone) or isinstance(right, MatchNone):
        return MatchNone()
    if not isinstance(left, Bool):
        return (
            replace(right, must=(*right.must, left))
            if isinstance(right, Bool)
            else Bool((left, right))
        )
    if not isinstance(right, Bool):
        return replace(left, must=(*left.must, right), minimum=_current_minimum(left))
    joined = Bool((*left.must, *right.must), (), (*left.must_not, *right.must_not))
    for part in (left, right):
        joined = _with_alternatives(joined, part)
    return joined


def _current_minimum(query: Bool) -> int | None:
    return query.needed if query.should else query.minimum


def _with_alternatives(joined: Bool, part: Bool) -> Bool:
    if len(part.should) <= part.needed:
        return replace(joined, must=(*joined.must, *part.should))
    if not joined.should:
        return replace(joined, should=part.should, minimum=part.needed)
    alternatives = Bool(should=part.should, minimum=part.needed)
    return replace(joined, must=(*joined.must, alternatives))


def either(left: Elastic, right: Elastic) -> Elastic:
    """`left | right` as elasticsearch.dsl writes it."""
    for query, other in ((left, right), (right, left)):
        if isinstance(query, Bool) and query.is_plain_or:
            more = other.should if isinstance(other, Bool) and other.is_plain_or else (other,)
            return replace(query, should=(*query.should, *more))
    return Bool(should=(left, right))


def inverse(query: Elastic) -> Elastic:
    """`~query` as elasticsearch.dsl writes it."""
    if not isinstance(query, Bool):
        return Bool(must_not=(query,))
    if not (query.must or query.should or query.must_not):
        return MatchNone()
    parts = [inverse(part) for part in query.must] + list(query.must_not)
    if query.should and query.needed:
        parts.append(Bool(must_not=query.should))
    return parts[0] if len(parts) == 1 else Bool(should=tuple(parts))


def check_limits(query: Elastic, *, depth: int = 1) -> None:
    """Elasticsearch's refusal of a query with too many clauses in one node, or nested too deep."""
    match query:
        case Bool(must=must, should=should, must_not=must_not):
            if depth > MAX_DEPTH:
                part = "must" if must else "should" if should else "must_not"
                reason = f"[1:358] [bool] failed to parse field [{part}]"
                raise elastic_refusal(reason, kind="x_content_parse_exception")
            clauses = (*must, *should, *must_not)
            # Elasticsearch adds a clause that matches everything to a purely negative node.
            if len(clauses) + (not must and not should and bool(must_not)) > MAX_CLAUSES:
                raise elastic_refusal(
                    f"failed to create query: maxClauseCount is set to {MAX_CLAUSES}"
                )
            for clause in clauses:
                check_limits(clause, depth=depth + 1)
        case Nested(query=inner):
            check_limits(inner)  # depth is counted afresh inside
        case _:
            return
