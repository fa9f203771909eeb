"""Deep filters become shallow ones that mean the same, at a bounded size."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import FilterLimitError
from gateway.parse import fold, leaves, normal_form, read_filter, shallow
from gateway.parse.tree import ALWAYS, NEVER, And, Bare, Name, Not, Or

pytestmark = pytest.mark.slow

FALSE, UNKNOWN, TRUE = -1, 0, 1


def name(number):
    return Bare(Name((f"p{number}",)))


def other(kind):
    return Or if kind is And else And


def comb(levels, *, teeth=1, kind=And):
    """`p AND (q OR (r AND (..` with that many leaves at each level."""
    tree = name(0)
    for level in range(levels):
        first = 1 + level * teeth
        tree = kind((*map(name, range(first, first + teeth)), tree))
        kind = other(kind)
    return tree


def bushy(chance, size, *, kind=And, taken=None):
    """A random tree with that many leaves, some of them negated, of alternating groups."""
    taken = [] if taken is None else taken
    if size == 1:
        taken.append(None)
        leaf = name(len(taken))
        return Not(leaf) if chance.random() < 0.3 else leaf
    cuts = sorted(chance.sample(range(1, size), min(size - 1, chance.choice([1, 1, 2]))))
    sizes = [end - start for start, end in zip([0, *cuts], [*cuts, size], strict=True)]
    return kind(tuple(bushy(chance, part, kind=other(kind), taken=taken) for part in sizes))


def lopsided(chance, size, *, kind=And, taken=None):
    """A random tree that is mostly deep: one leaf here, the rest there, sometimes a fork."""
    taken = [] if taken is None else taken
    if size == 1:
        return bushy(chance, 1, taken=taken)
    first = chance.choice([1, 1, 1, 1, 2, 3, size // 2 or 1])
    parts = [min(first, size - 1)]
    parts.append(size - parts[0])
    chance.shuffle(parts)
    return kind(tuple(lopsided(chance, part, kind=other(kind), taken=taken) for part in parts))


def depth(tree):
    return fold(tree, lambda _: 0, lambda node, parts: max(parts) + (not isinstance(node, Not)))


def size(tree):
    return sum(1 for _ in leaves(tree))


def truth(tree, world):
    def joined(node, parts):
        match node:
            case Not():
                return -parts[0]
            case And():
                return min(parts)
            case Or():
                return max(parts)

    return fold(tree, lambda leaf: world[leaf.subject.name], joined)


def assert_same(tree, result, chance, times):
    """The same truth for assignments that make deep parts matter: mostly neutral leaves."""
    names = sorted({leaf.subject.name for leaf in leaves(tree)})
    for _ in range(times):
        weights = [chance.random(), chance.random() * 0.5, chance.random()]
        world = dict(
            zip(names, chance.choices([FALSE, UNKNOWN, TRUE], weights, k=len(names)), strict=True)
        )
        assert truth(tree, world) == truth(result, world)


def decisive_worlds(tree, levels):
    """Worlds of a comb in which the truth is decided at each of its levels, by each value."""
    neutral = {}
    node = tree
    while isinstance(node, And | Or):
        for part in node.parts[:-1]:
            neutral[part.subject.name] = TRUE if isinstance(node, And) else FALSE
        node = node.parts[-1]
    for place in (*neutral, node.subject.name):
        for value in (FALSE, UNKNOWN, TRUE):
            yield {**neutral, node.subject.name: UNKNOWN, place: value}


# Levels, leaves per level, depth wanted, leaves that it may take.
COMBS = [
    (21, 1, 20, 24),
    (30, 1, 20, 41),
    (50, 1, 20, 91),
    (100, 1, 20, 280),
    (100, 1, 12, 400),
    (100, 1, 8, 530),
    (100, 3, 20, 860),
    (200, 1, 20, 850),
    (200, 1, 12, 1_230),
    (200, 5, 18, 4_750),
    (1_000, 1, 20, 11_400),
]


@pytest.mark.parametrize(("levels", "teeth", "wanted", "most"), COMBS)
@pytest.mark.parametrize("kind", [And, Or])
def test_comb(levels, teeth, wanted, most, kind):
    """A hundred alternations fit into 20 levels at three times the size, and mean the same."""
    tree = comb(levels, teeth=teeth, kind=kind)
    result = shallow(tree, depth=wanted, size=most)
    assert depth(result) <= wanted
    assert size(result) <= most
    assert_same(tree, result, random.Random(levels), 20)


@pytest.mark.parametrize("kind", [And, Or])
def test_comb_exactly(kind):
    """Wherever a comb of 100 is decided, and however, its shallow form is decided so too."""
    tree = comb(100, kind=kind)
    result = shallow(tree, depth=18, size=1_000)
    for world in decisive_worlds(tree, 100):
        assert truth(result, world) == truth(tree, world)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([bushy, lopsided]),
    st.integers(2, 60),
    st.sampled_from([And, Or]),
    st.integers(2, 12),
    st.randoms(use_true_random=False),
)
def test_random_trees(shape, leaf_count, kind, wanted, chance):
    """Random trees, bushy and lopsided, mean the same in their shallow form, or are refused."""
    tree = shape(chance, leaf_count, kind=kind)
    try:
        result = shallow(tree, depth=wanted, size=2_000)
    except FilterLimitError:
        assert depth(tree) > wanted
        return
    assert depth(result) <= wanted
    assert size(result) <= 2_000
    assert_same(tree, result, chance, 15)


@pytest.mark.parametrize("shape", [bushy, lopsided])
@pytest.mark.parametrize("seed", range(5))
def test_large_random_trees(shape, seed):
    """A thousand comparisons nested at random fit into 18 levels."""
    chance = random.Random(seed)
    tree = shape(chance, 1_000)
    result = shallow(tree, depth=18, size=10_000)
    assert depth(result) <= 18
    assert_same(tree, result, chance, 5)


SHALLOW = ["a", "NOT a", "a AND b", "a AND (b OR c)", "NOT (a AND (b OR (c AND d)))"]


@pytest.mark.parametrize("text", SHALLOW)
def test_shallow_already(text):
    """What is shallow enough is returned itself; NOT at a leaf is no level."""
    tree = normal_form(read_filter(text))
    assert shallow(tree, depth=3, size=4) is tree


@pytest.mark.parametrize("constant", [ALWAYS, NEVER])
def test_constants(constant):
    """Constants have no leaves and no depth."""
    assert shallow(constant, depth=0, size=0) is constant


REFUSED = [
    (comb(3), 3, 3, "4 comparisons; at most 3"),
    (comb(100), 20, 150, "100 levels deep. At most 20 .* more than 150"),
    (comb(3), 1, 1_000, "3 levels deep. At most 1"),
    (comb(20_000), 18, 30_000, "20000 levels deep"),
    (comb(20_000), 2, 10**6, "20000 levels deep"),
]


@pytest.mark.parametrize(("tree", "wanted", "most", "message"), REFUSED)
def test_refused(tree, wanted, most, message):
    """What would take more leaves than allowed is refused with the numbers, not tried for ever."""
    with pytest.raises(FilterLimitError, match=message):
        shallow(tree, depth=wanted, size=most)
