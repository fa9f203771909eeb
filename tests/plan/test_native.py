"""And, or, not within NOMAD's own limits."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Json, NativeQuery
from gateway.plan.native import (
    DEPTH,
    WIDTH,
    Clause,
    all_of,
    among,
    any_of,
    inverse,
    one_of,
    size_of,
    without,
)

A: NativeQuery = {"a": {"gt": 1}}
B: NativeQuery = {"b": {"lt": 2}}
C: NativeQuery = {"optimade_filter": "c"}
KNOWN: NativeQuery = {"quantities": "metadata.optimade.a"}

ALL_OF: list[tuple[list[Clause], Clause]] = [
    ([], True),
    ([True, True], True),
    ([A, True], A),
    ([A, False], False),
    ([A, B], {"and": [A, B]}),
    ([A, {"and": [B, C]}], {"and": [A, B, C]}),
    ([A, {"or": [B, C]}], {"and": [A, {"or": [B, C]}]}),
    ([KNOWN, A, KNOWN], {"and": [KNOWN, A]}),
    ([KNOWN, {"and": [KNOWN, A]}], {"and": [KNOWN, A]}),
    ([A, A], A),
    ([{"x": 1}, {"x": 2}], {"and": [{"x": 1}, {"x": 2}]}),
    ([{"not": {"x": 1}}, {"not": {"x": 2}}], {"not": {"x:any": [1, 2]}}),
    (
        [{"not": {"x:any": [1, 2]}}, A, {"not": {"x": 3}}],
        {"and": [A, {"not": {"x:any": [1, 2, 3]}}]},
    ),
    ([{"not": {"x": 1}}, {"not": {"y": 1}}], {"and": [{"not": {"x": 1}}, {"not": {"y": 1}}]}),
    ([{"not": A}, {"not": B}], {"and": [{"not": A}, {"not": B}]}),
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
    ([A, B], {"or": [A, B]}),
    ([A, {"or": [B, C]}], {"or": [A, B, C]}),
    ([{"x": 1}, {"x": 2}], {"x:any": [1, 2]}),
    ([{"x": 1}, {"x": 1}], {"x": 1}),
    ([{"x": 1}, A, {"x:any": [2, 1]}], {"or": [A, {"x:any": [1, 2]}]}),
    ([{"x": 1}, {"y": 1}], {"or": [{"x": 1}, {"y": 1}]}),
    ([{"not": {"x": 1}}, {"not": {"x": 2}}], {"or": [{"not": {"x": 1}}, {"not": {"x": 2}}]}),
    ([C, {"optimade_filter": "d"}], {"or": [C, {"optimade_filter": "d"}]}),
    ([KNOWN, {"quantities": "b"}], {"or": [KNOWN, {"quantities": "b"}]}),
]


@pytest.mark.parametrize(("parts", "clause"), ANY_OF)
def test_any_of(parts: list[Clause], clause: Clause) -> None:
    """Constants vanish, nesting is flat, equalities of one quantity are one terms clause."""
    assert any_of(parts) == clause


@pytest.mark.parametrize(
    ("clause", "inverted"),
    [(True, False), (False, True), (A, {"not": A}), ({"not": A}, A)],
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
        ({"and": [KNOWN, A]}, A),
        ({"and": [KNOWN, A, B]}, {"and": [A, B]}),
        ({"or": [KNOWN, A]}, {"or": [KNOWN, A]}),
    ],
)
def test_what_holds_anyway_is_not_asked_again(clause: Clause, rest: Clause) -> None:
    """Under `not` it would be in the way of merging."""
    assert without(clause, [KNOWN]) == rest


def test_no_list_is_empty() -> None:
    """NOMAD takes an empty list for no condition at all."""
    assert one_of("x", []) is False
    assert one_of("x", ["a"]) == {"x": "a"}
    assert one_of("x", ["a", "a"]) == {"x": "a"}
    assert one_of("x", ["b", "a"]) == {"x:any": ["b", "a"]}


@pytest.mark.parametrize("size", [WIDTH, WIDTH + 1, 3 * WIDTH, WIDTH * WIDTH + 1])
def test_terms_stay_within_the_limit(size: int) -> None:
    """NOMAD 1.3 takes 1,022 values in one `:any`; more are chunks under one `or`, then nested."""
    clause = one_of("x", range(size))
    assert isinstance(clause, dict)
    assert list(_values(clause)) == list(range(size))
    assert _widest(clause) <= WIDTH


@pytest.mark.parametrize("size", [WIDTH - 1, WIDTH, WIDTH + 1, 5 * WIDTH])
def test_nodes_stay_within_the_limit(size: int) -> None:
    """A boolean node has at most 1,022 clauses, also when a node that wide joins another."""
    parts: list[Clause] = [{f"q{i}": {"gt": i}} for i in range(size)]
    for clause in (all_of([A, all_of(parts)]), any_of([A, any_of(parts)])):
        assert isinstance(clause, dict)
        assert _widest(clause) <= WIDTH
        assert sum(1 for _ in _leaves(clause)) == size + 1


def test_wide_exclusions_stay_within_the_limit() -> None:
    """Chunks under one `or` under one `not`."""
    parts = [inverse({"x": i}) for i in range(2 * WIDTH)]
    clause = all_of([A, *parts])
    assert isinstance(clause, dict)
    assert sorted(_values(clause)) == list(range(2 * WIDTH))
    assert _widest(clause) <= WIDTH


@pytest.mark.parametrize(
    ("query", "depth"),
    [
        ({}, 0),
        (A, 0),
        ({"x:any": [1, 2]}, 1),
        ({"and": [A, B]}, 1),
        ({"and": [A, {"not": B}]}, 2),
        ({"and": [A, {"or": [B, {"not": {"x:any": [1, 2]}}]}]}, 4),
    ],
)
def test_depth_counts_boolean_nodes(query: NativeQuery, depth: int) -> None:
    """NOMAD refuses 20 and more; a `:any` becomes a boolean node in NOMAD 1.3."""
    assert size_of(query) == (depth, 0)
    assert depth < DEPTH


def test_what_nomad_parses_is_counted() -> None:
    """Wherever it stands."""
    assert size_of({"and": [A, {"not": {"or": [C, C, {"x:any": ["1"]}]}}]}) == (4, 2)


def test_a_base_is_joined_flatly() -> None:
    """Nothing is asked for where nothing can match."""
    assert among(KNOWN, {"and": [A, B]}) == {"and": [KNOWN, A, B]}
    assert among(KNOWN, A) == {"and": [KNOWN, A]}
    assert among(KNOWN, True) == KNOWN
    assert among(KNOWN, False) is False


clauses = st.recursive(
    st.one_of(
        st.booleans(),
        st.builds(lambda n, v: {n: v}, st.sampled_from("xy"), st.integers(0, 3)),
        st.builds(lambda n, v: {f"{n}:any": v}, st.sampled_from("xy"), st.just([1, 2])),
        st.builds(lambda v: {"z": {"gt": v}}, st.integers(0, 3)),
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
    selected = [_selects(part, values) for part in parts]
    assert _selects(all_of(parts), values) == all(selected)
    assert _selects(any_of(parts), values) == any(selected)
    for part in parts:
        assert _selects(inverse(part), values) != _selects(part, values)


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
