"""And, or, not within NOMAD's own limits."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Json, NativeQuery
from gateway.plan.native import (
    DEPTH,
    Clause,
    all_of,
    among,
    any_of,
    inverse,
    one_of,
    without,
)
from gateway.properties.native_query import (
    WIDTH,
    AllOf,
    AnyOf,
    Exists,
    Inverse,
    Member,
    NativeNode,
    OneOf,
    OptimadeLeaf,
    Range,
    native_bytes,
    native_depth,
    parsed_characters,
    write_query,
)
from tests.plan.written import written

A, B, C = Range("a", (("gt", 1),)), Range("b", (("lt", 2),)), OptimadeLeaf("c")
KNOWN = Exists("metadata.optimade.a")


def x(*values: int) -> OneOf:
    return OneOf("x", values)


ALL_OF: list[tuple[list[Clause], Clause]] = [
    ([], True),
    ([True, True], True),
    ([A, True], A),
    ([A, False], False),
    (
        [A, B],
        AllOf(
            (
                A,
                B,
            )
        ),
    ),
    (
        [
            A,
            AllOf(
                (
                    B,
                    C,
                )
            ),
        ],
        AllOf(
            (
                A,
                B,
                C,
            )
        ),
    ),
    (
        [
            A,
            AnyOf(
                (
                    B,
                    C,
                )
            ),
        ],
        AllOf(
            (
                A,
                AnyOf(
                    (
                        B,
                        C,
                    )
                ),
            )
        ),
    ),
    (
        [KNOWN, A, KNOWN],
        AllOf(
            (
                KNOWN,
                A,
            )
        ),
    ),
    (
        [
            KNOWN,
            AllOf(
                (
                    KNOWN,
                    A,
                )
            ),
        ],
        AllOf(
            (
                KNOWN,
                A,
            )
        ),
    ),
    ([A, A], A),
    (
        [x(1), x(2)],
        AllOf(
            (
                x(1),
                x(2),
            )
        ),
    ),
    ([Inverse(x(1)), Inverse(x(2))], Inverse(x(1, 2))),
    (
        [Inverse(x(1, 2)), A, Inverse(x(3))],
        AllOf(
            (
                A,
                Inverse(x(1, 2, 3)),
            )
        ),
    ),
    (
        [Inverse(x(1)), Inverse(OneOf("y", (1,)))],
        AllOf(
            (
                Inverse(x(1)),
                Inverse(OneOf("y", (1,))),
            )
        ),
    ),
    (
        [Inverse(A), Inverse(B)],
        AllOf(
            (
                Inverse(A),
                Inverse(B),
            )
        ),
    ),
]


@pytest.mark.parametrize(("parts", "clause"), ALL_OF)
def test_all_of(parts: list[Clause], clause: Clause) -> None:
    """Constants vanish, nesting is flat, exclusions of one quantity are one terms clause."""
    assert all_of(parts) == clause


ANY_OF: list[tuple[list[Clause], Clause]] = [
    ([], False),
    ([False, False], False),
    ([A, False], A),
    ([A, True], True),
    (
        [A, B],
        AnyOf(
            (
                A,
                B,
            )
        ),
    ),
    (
        [
            A,
            AnyOf(
                (
                    B,
                    C,
                )
            ),
        ],
        AnyOf(
            (
                A,
                B,
                C,
            )
        ),
    ),
    ([x(1), x(2)], x(1, 2)),
    ([x(1), x(1)], x(1)),
    (
        [x(1), A, x(2, 1)],
        AnyOf(
            (
                A,
                x(1, 2),
            )
        ),
    ),
    (
        [x(1), OneOf("y", (1,))],
        AnyOf(
            (
                x(1),
                OneOf("y", (1,)),
            )
        ),
    ),
    (
        [Inverse(x(1)), Inverse(x(2))],
        AnyOf(
            (
                Inverse(x(1)),
                Inverse(x(2)),
            )
        ),
    ),
    (
        [C, OptimadeLeaf("d")],
        AnyOf(
            (
                C,
                OptimadeLeaf("d"),
            )
        ),
    ),
    (
        [KNOWN, Exists("b")],
        AnyOf(
            (
                KNOWN,
                Exists("b"),
            )
        ),
    ),
]


@pytest.mark.parametrize(("parts", "clause"), ANY_OF)
def test_any_of(parts: list[Clause], clause: Clause) -> None:
    """Constants vanish, nesting is flat, equalities of one quantity are one terms clause."""
    assert any_of(parts) == clause


@pytest.mark.parametrize(
    ("clause", "inverted"),
    [(True, False), (False, True), (A, Inverse(A)), (Inverse(A), A)],
)
def test_inverse(clause: Clause, inverted: Clause) -> None:
    """NOT twice is nothing."""
    assert inverse(clause) == inverted


@pytest.mark.parametrize(
    ("clause", "rest"),
    [
        (True, True),
        (False, False),
        (A, A),
        (KNOWN, True),
        (
            AllOf(
                (
                    KNOWN,
                    A,
                )
            ),
            A,
        ),
        (
            AllOf(
                (
                    KNOWN,
                    A,
                    B,
                )
            ),
            AllOf(
                (
                    A,
                    B,
                )
            ),
        ),
        (
            AnyOf(
                (
                    KNOWN,
                    A,
                )
            ),
            AnyOf(
                (
                    KNOWN,
                    A,
                )
            ),
        ),
    ],
)
def test_what_holds_anyway_is_not_asked_again(clause: Clause, rest: Clause) -> None:
    """Under `not` it would be in the way of merging."""
    assert without(clause, [KNOWN]) == rest


def test_no_list_is_empty() -> None:
    """NOMAD takes an empty list for no condition at all."""
    assert one_of("x", []) is False
    assert written(one_of("x", ["a"])) == {"x": "a"}
    assert written(one_of("x", ["a", "a"])) == {"x": "a"}
    assert written(one_of("x", ["b", "a"])) == {"x:any": ["b", "a"]}


WRITTEN: list[tuple[NativeNode, NativeQuery]] = [
    (KNOWN, {"quantities": "metadata.optimade.a"}),
    (x(1), {"x": 1}),
    (x(1, 2), {"x:any": [1, 2]}),
    (Range("x", (("gte", "0"), ("lt", 4))), {"x": {"gte": "0", "lt": 4}}),
    (C, {"optimade_filter": "c"}),
    (
        Member("s", (("v", (("gt", 1),)), ("t", "direct"))),
        {"s": {"v": {"gt": 1}, "t": "direct"}},
    ),
    (Inverse(x(1)), {"not": {"x": 1}}),
    (AllOf((A, B)), {"and": [{"a": {"gt": 1}}, {"b": {"lt": 2}}]}),
    (AnyOf((A, x(1))), {"or": [{"a": {"gt": 1}}, {"x": 1}]}),
]


@pytest.mark.parametrize(("node", "query"), WRITTEN)
def test_nodes_are_written(node: NativeNode, query: NativeQuery) -> None:
    """As NOMAD reads them; about how large they are is known before."""
    assert write_query(node) == query
    size = len(json.dumps(query))
    assert size <= native_bytes(node) + 10 <= 2 * size + 20


@pytest.mark.parametrize("size", [WIDTH, WIDTH + 1, 3 * WIDTH, WIDTH * WIDTH + 1])
def test_terms_stay_within_the_limit(size: int) -> None:
    """NOMAD 1.3 takes 1,022 values in one `:any`; more are chunks under one `or`, then nested."""
    query = written(one_of("x", range(size)))
    assert isinstance(query, dict)
    assert list(_values(query)) == list(range(size))
    assert _widest(query) <= WIDTH


@pytest.mark.parametrize("size", [WIDTH - 1, WIDTH, WIDTH + 1, 5 * WIDTH])
def test_nodes_stay_within_the_limit(size: int) -> None:
    """A boolean node has at most 1,022 clauses, also when a node that wide joins another."""
    parts = [Range(f"q{i}", (("gt", i),)) for i in range(size)]
    for clause in (all_of([A, all_of(parts)]), any_of([A, any_of(parts)])):
        query = written(clause)
        assert isinstance(query, dict)
        assert _widest(query) <= WIDTH
        assert sum(1 for _ in _leaves(query)) == size + 1
        assert native_depth(clause) == _depth(query)


def test_wide_exclusions_stay_within_the_limit() -> None:
    """Chunks under one `or` under one `not`."""
    parts = [inverse(x(i)) for i in range(2 * WIDTH)]
    query = written(all_of([A, *parts]))
    assert isinstance(query, dict)
    assert sorted(_values(query)) == list(range(2 * WIDTH))
    assert _widest(query) <= WIDTH


@pytest.mark.parametrize(
    ("node", "depth"),
    [
        (A, 0),
        (x(1), 0),
        (x(1, 2), 1),
        (x(*range(WIDTH + 1)), 2),
        (Member("s", (("v", 1),)), 1),
        (AllOf((A, B)), 1),
        (AllOf((A, Inverse(B))), 2),
        (AllOf((A, AnyOf((B, Inverse(x(1, 2)))))), 4),
    ],
)
def test_depth_counts_boolean_nodes(node: NativeNode, depth: int) -> None:
    """NOMAD refuses 20 and more; a `:any` becomes a boolean node in NOMAD 1.3."""
    assert native_depth(node) == depth
    assert depth < DEPTH


def test_what_nomad_parses_is_counted() -> None:
    """Wherever it stands."""
    assert parsed_characters(AllOf((A, Inverse(AnyOf((C, C, x(1))))))) == 2


def test_a_base_is_joined_flatly() -> None:
    """Nothing is asked for where nothing can match."""
    assert among(KNOWN, AllOf((A, B))) == AllOf((KNOWN, A, B))
    assert among(KNOWN, A) == AllOf((KNOWN, A))
    assert among(KNOWN, True) == KNOWN
    assert among(KNOWN, False) is None


clauses = st.recursive(
    st.one_of(
        st.booleans(),
        st.builds(lambda n, v: OneOf(n, (v,)), st.sampled_from("xy"), st.integers(0, 3)),
        st.builds(lambda n: OneOf(n, (1, 2)), st.sampled_from("xy")),
        st.builds(lambda v: Range("z", (("gt", v),)), st.integers(0, 3)),
    ),
    lambda inner: st.one_of(
        st.builds(all_of, st.lists(inner, max_size=4)),
        st.builds(any_of, st.lists(inner, max_size=4)),
        st.builds(inverse, inner),
    ),
    max_leaves=12,
)


@given(parts=st.lists(clauses, max_size=4), entry=st.tuples(*[st.integers(0, 3)] * 3))
def test_joining_keeps_what_is_selected(parts: list[Clause], entry: tuple[int, int, int]) -> None:
    """Whatever is merged or dropped, the same entries are selected; no list is ever empty."""
    values = dict(zip("xyz", entry, strict=True))
    selected = [_selects(written(part), values) for part in parts]
    assert _selects(written(all_of(parts)), values) == all(selected)
    assert _selects(written(any_of(parts)), values) == any(selected)
    for part in parts:
        assert _selects(written(inverse(part)), values) != _selects(written(part), values)


def _selects(clause: Json, values: dict[str, int]) -> bool:
    if isinstance(clause, bool):
        return clause
    assert isinstance(clause, dict)
    ((key, value),) = clause.items()
    if key in ("and", "or") or key.endswith(":any"):
        assert isinstance(value, list)
        assert value
    match key, value:
        case "and", list(parts):
            return all(_selects(part, values) for part in parts)
        case "or", list(parts):
            return any(_selects(part, values) for part in parts)
        case "not", inner:
            return not _selects(inner, values)
        case "z", {"gt": int(bound)}:
            return values["z"] > bound
        case _, list(wanted):
            return values[key.removesuffix(":any")] in wanted
        case _:
            return values[key] == value


def _leaves(node: Json) -> Iterator[NativeQuery]:
    assert isinstance(node, dict)
    for joint in ("and", "or"):
        parts = node.get(joint)
        if isinstance(parts, list):
            for part in parts:
                yield from _leaves(part)
            return
    if "not" in node:
        yield from _leaves(node["not"])
    else:
        yield node


def _values(node: NativeQuery) -> Iterator[int]:
    for leaf in _leaves(node):
        for key, value in leaf.items():
            if key == "x:any":
                assert isinstance(value, list)
                yield from (one for one in value if isinstance(one, int))


def _widest(node: Json) -> int:
    if isinstance(node, list):
        return max(len(node), max(map(_widest, node), default=0))
    if isinstance(node, dict):
        return max((_widest(inner) for inner in node.values()), default=0)
    return 0


def _depth(node: Json) -> int:
    match node:
        case {"and": list(parts)} | {"or": list(parts)}:
            return 1 + max(map(_depth, parts))
        case {"not": part}:
            return 1 + _depth(part)
        case _:
            return 0
