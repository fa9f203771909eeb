"""One worker holds a bounded number of bytes; who holds most makes way, never the small ones."""

import itertools
from contextlib import contextmanager, suppress
from random import Random

import pytest

from gateway.fetch.http.faults import Fault
from gateway.fetch.http.memory_budget import (
    BUDGET_BYTES,
    GUARANTEED_BYTES,
    GUARANTEED_SHARE,
    SMALL_BYTES,
    MemoryBudget,
    MemoryScope,
)

MIB = 2**20


@contextmanager
def reserved(budget, site):
    """A reservation that is given back in the end."""
    reservation = budget.reserve(site)
    try:
        yield reservation
    finally:
        reservation.lose()


def test_what_was_read_is_counted_until_it_is_given_back():
    """Bytes, and what is reserved beside them."""
    budget = MemoryBudget(100)
    with reserved(budget, "a") as one, reserved(budget, "b") as two:
        one.add(b"x" * 30)
        two.add(b"x" * 20)
        two.reserve(10)
        assert budget.held == 60
    assert budget.held == 0
    assert one.size == 0


def test_pieces_become_a_whole():
    """A single piece is not copied."""
    budget = MemoryBudget(100)
    with reserved(budget, "a") as reservation:
        reservation.add(piece := b"x" * 20)
        assert reservation.whole() is piece
        reservation.add(b"y" * 20)
        assert reservation.whole() == b"x" * 20 + b"y" * 20
        assert reservation.whole() is reservation.whole()
        assert budget.held == 40
    with reserved(budget, "a") as empty:
        assert empty.whole() == b""


def test_a_full_budget_loses_the_largest():
    """The small answer goes on, the large one learns at its next piece."""
    budget = MemoryBudget(100)
    with reserved(budget, "a") as large, reserved(budget, "b") as small:
        large.add(b"x" * 80)
        small.add(b"x" * 30)
        assert (large.lost, small.lost) == (True, False)
        assert budget.held == 30
        assert large.size == 0
        with pytest.raises(Fault, match="too large to be held") as caught:
            large.add(b"x")
        assert caught.value.too_large
        assert caught.value.health == "unknown"
        small.add(b"x" * 70)


def test_who_would_be_the_largest_makes_way_itself():
    """Growing at the cost of smaller ones is not possible."""
    budget = MemoryBudget(100)
    with reserved(budget, "a") as large, reserved(budget, "b") as small:
        small.add(b"x" * 30)
        large.add(b"x" * 60)
        with pytest.raises(Fault):
            large.add(b"x" * 20)
        assert budget.held == 30
        assert not small.lost


def test_the_site_that_holds_most_makes_way():
    """Many middling answers of one site do not drive out the single larger one of another."""
    budget = MemoryBudget(100)
    good = budget.reserve("good")
    good.add(b"x" * 30)
    greedy = [budget.reserve("greedy") for _ in range(4)]
    for reservation in greedy[:3]:
        reservation.add(b"x" * 20)
    with pytest.raises(Fault):
        greedy[3].add(b"x" * 21)
    assert not good.lost
    good.add(b"x" * 20)
    assert not good.lost
    assert budget.held <= 100
    for reservation in (good, *greedy):
        reservation.lose()
    assert budget.held == 0


def test_more_than_the_budget_is_never_given():
    """One answer alone cannot exceed it."""
    budget = MemoryBudget(100)
    with reserved(budget, "a") as one:
        with pytest.raises(Fault):
            one.reserve(101)
        assert budget.held == 0
        with pytest.raises(Fault):
            one.add(b"")


def test_decoded_answers_are_not_taken_away():
    """They are in use: who comes later makes way."""
    budget = MemoryBudget(100)
    with reserved(budget, "a") as decoded, reserved(budget, "b") as reading:
        decoded.add(b"x" * 80)
        decoded.decoded()
        assert budget.held == 80
        with pytest.raises(Fault, match="too large to be held"):
            reading.add(b"x" * 30)
        assert not decoded.lost
        assert budget.held == 80


def test_a_scope_holds_until_it_is_closed():
    """The charge stays as long as the caller's request; then nothing is left."""
    budget = MemoryBudget(100)
    reservation, scope = budget.reserve("a"), MemoryScope()
    reservation.add(b"x" * 30)
    scope.hold(reservation)
    assert budget.held == 30
    scope.close()
    assert budget.held == 0
    scope.close()
    assert budget.held == 0


def test_shared_answers_are_released_once_by_the_last():
    """Several callers may use one answer, one caller an answer twice."""
    budget = MemoryBudget(100)
    reservation = budget.reserve("a")
    reservation.add(b"x" * 30)
    scopes = [MemoryScope(), MemoryScope()]
    for scope in (*scopes, scopes[0]):
        scope.hold(reservation)
    scopes[0].close()
    assert budget.held == 30
    scopes[1].close()
    assert budget.held == 0


def test_what_is_lost_is_not_released_again():
    """The account stays right."""
    budget = MemoryBudget(100)
    lost, scope = budget.reserve("a"), MemoryScope()
    lost.add(b"x" * 30)
    scope.hold(lost)
    lost.lose()
    with reserved(budget, "b") as other:
        other.add(b"x" * 90)
        scope.close()
        assert budget.held == 90


def test_what_is_lost_holds_nothing_and_is_not_taken_for_empty():
    """Its bytes cannot be read, and what is given back late changes no account."""
    budget = MemoryBudget(100)
    lost, other = budget.reserve("a"), budget.reserve("b")
    lost.add(b"x" * 30)
    other.add(b"x" * 10)
    lost.lose()
    with pytest.raises(Fault, match="too large to be held"):
        lost.whole()
    lost.give_back(30)
    assert (budget.held, lost.charge) == (10, 0)
    lost.decoded(0)
    lost.lose()
    assert (budget.held, lost.charge) == (10, 0)


def test_a_closed_scope_holds_nothing():
    """Who comes after the request has ended leaves nothing behind."""
    budget, scope = MemoryBudget(100), MemoryScope()
    scope.close()
    reservation = budget.reserve("a")
    reservation.add(b"x" * 30)
    scope.hold(reservation)
    assert reservation.users == 0
    scope.close()
    other = MemoryScope()
    other.hold(reservation)
    other.close()
    assert budget.held == 0


def test_pieces_that_take_the_place_of_others():
    """What was unpacked, in place of what was read; already counted."""
    budget = MemoryBudget(100)
    with reserved(budget, "a") as reservation:
        reservation.add(b"x" * 20)
        reservation.reserve(50)
        reservation.replace([b"y" * 20, b"z" * 30])
        assert (reservation.size, budget.held) == (50, 70)
        assert reservation.pieces == (b"y" * 20, b"z" * 30)
        assert reservation.whole() == b"y" * 20 + b"z" * 30


def test_random_answers_never_exceed_the_budget():
    """Whatever comes in whatever order, the account is right and ends at zero."""
    random, budget = Random(5), MemoryBudget(40 * MIB, sites="ab", guaranteed=8 * MIB)
    reservations, scopes = [], [MemoryScope() for _ in range(4)]
    for _ in range(3000):
        if not reservations or random.random() < 0.3:
            reservations.append(budget.reserve(random.choice("abc")))
        one = random.choice(reservations)
        match random.randrange(6):
            case 0 | 1 | 2:
                with suppress(Fault):
                    one.reserve(random.randrange(3 * MIB // 2))
            case 3:
                one.decoded(one.charge // 2)
                random.choice(scopes).hold(one)
            case 4:
                one.lose()
                reservations.remove(one)
            case 5:
                number = random.randrange(4)
                scopes[number].close()
                scopes[number] = MemoryScope()
        assert 0 <= budget.held <= 40 * MIB
        small, large = dict.fromkeys("abc", 0), 0
        for each in budget._reservations:
            if each.charge <= SMALL_BYTES:
                small[each.site] += each.charge
            else:
                large += each.charge
        assert budget.held == sum(small.values()) + large
        kept = {"a": 8 * MIB, "b": 8 * MIB, "c": 0}
        assert large + sum(max(small[site], kept[site]) for site in "abc") <= 40 * MIB
    for one in reservations:
        one.lose()
    assert budget.held == 0


@pytest.mark.parametrize("hogs", [1, 3, 10])
def test_each_site_has_its_guarantee_whatever_the_others_hold(hogs):
    """What is decoded cannot be taken back, so that a part is kept for each."""
    names = [f"hog-{number}" for number in range(hogs)]
    budget = MemoryBudget(3000, sites=[*names, "little", "idle"], guaranteed=200)
    each = min(200, int(3000 * GUARANTEED_SHARE) // (hogs + 2))
    for number in itertools.cycle(range(hogs)):
        try:
            (hog := budget.reserve(names[number])).reserve(10)
        except Fault:
            break
        hog.decoded()
    assert budget.held > 3000 - 2 * each - 10
    little = budget.reserve("little")
    for _ in range(each):
        little.reserve(1)
    idle = budget.reserve("idle")
    idle.reserve(each)
    assert not little.lost
    for one in (little, idle):
        one.decoded()
    for name in (*names, "little", "idle"):
        with pytest.raises(Fault):
            budget.reserve(name).reserve(11)
    assert 3000 - 10 < budget.held <= 3000


def test_what_a_site_reads_within_its_guarantee_is_not_lost_to_others():
    """Nor to a site that holds less, as this has no guarantee left either."""
    budget = MemoryBudget(1000, sites=["little", "large"], guaranteed=300)
    little, large = budget.reserve("little"), budget.reserve("large")
    little.reserve(300)
    large.reserve(600)
    large.decoded()
    with pytest.raises(Fault):
        budget.reserve("stranger").reserve(200)
    with pytest.raises(Fault):
        large.reserve(101)
    assert not little.lost


def test_the_whole_of_what_a_site_holds_counts():
    """Who holds much that is decoded makes way to who reads more but holds less."""
    budget = MemoryBudget(100)
    decoded = budget.reserve("greedy")
    decoded.reserve(60)
    decoded.decoded()
    greedy, good = budget.reserve("greedy"), budget.reserve("good")
    good.reserve(25)
    greedy.reserve(10)
    good.reserve(10)
    assert (good.lost, greedy.lost) == (False, True)


def test_what_frees_nothing_is_not_lost():
    """What a site reads within its guarantee takes nothing from what is for all, even where the
    site holds most of that."""
    budget = MemoryBudget(33 * MIB // 10, sites=["guarded"], guaranteed=MIB // 2)
    decoded, small = budget.reserve("guarded"), budget.reserve("guarded")
    decoded.reserve(3 * MIB // 2)
    decoded.decoded()
    small.reserve(MIB // 10)
    large, asking = budget.reserve("large"), budget.reserve("asking")
    large.reserve(6 * MIB // 5)
    asking.reserve(MIB // 2)
    assert (small.lost, large.lost, asking.lost) == (False, True, False)


def test_who_asks_for_more_is_lost_before_an_equal():
    """Where two sites would hold as much, it is the one that grows; and so for answers of one."""
    budget = MemoryBudget(100)
    other, asking = budget.reserve("other"), budget.reserve("asking")
    other.reserve(60)
    asking.reserve(20)
    with pytest.raises(Fault):
        asking.reserve(40)
    assert not other.lost
    budget = MemoryBudget(90)
    other, mine, asking = (budget.reserve(site) for site in ("other", "asking", "asking"))
    other.reserve(50)
    mine.reserve(20)
    asking.reserve(10)
    with pytest.raises(Fault):
        asking.reserve(20)
    assert (other.lost, mine.lost) == (False, False)
    budget = MemoryBudget(100)
    first, second = budget.reserve("one"), budget.reserve("one")
    first.reserve(60)
    second.reserve(20)
    with pytest.raises(Fault):
        second.reserve(40)
    assert not first.lost


def test_nothing_is_lost_in_vain():
    """Where all that can be lost is not enough, only the answer that asks for more ends."""
    budget = MemoryBudget(100)
    decoded, reading = budget.reserve("large"), budget.reserve("large")
    decoded.reserve(70)
    decoded.decoded()
    reading.reserve(10)
    with pytest.raises(Fault):
        budget.reserve("small").reserve(60)
    assert not reading.lost


@pytest.mark.parametrize("sites", [1, 2, 3, 6, 50, 1000])
def test_one_site_alone_may_take_a_large_page(sites):
    """However many sites there are, with the shipped sizes: 500 structures of 400 atoms."""
    names = [f"site-{number}" for number in range(sites)]
    budget = MemoryBudget(sites=names)
    budget.reserve(names[0]).reserve(70 * 2**20)
    each = min(GUARANTEED_BYTES, int(BUDGET_BYTES * GUARANTEED_SHARE) // sites)
    for name in names[1:]:
        for size in (*[SMALL_BYTES] * (each // SMALL_BYTES), each % SMALL_BYTES):
            budget.reserve(name).reserve(size)


def test_large_answers_leave_the_small_ones_of_their_own_site_alone():
    """Who asks a site for large pages takes nothing from who asks it for small ones."""
    budget = MemoryBudget(100 * MIB, sites=["one", "other"], guaranteed=10 * MIB)
    large = budget.reserve("one")
    large.reserve(80 * MIB)
    large.decoded()
    for _ in range(10):
        budget.reserve("one").reserve(SMALL_BYTES)
    with pytest.raises(Fault):
        budget.reserve("one").reserve(SMALL_BYTES)
    assert budget.held == 90 * MIB
    budget.reserve("other").reserve(SMALL_BYTES)


def test_an_answer_that_grows_is_no_small_one_any_more():
    """Nor does what it held count as small; decoded, it may be one again."""
    budget = MemoryBudget(100 * MIB, sites=["one"], guaranteed=10 * MIB)
    one = budget.reserve("one")
    one.reserve(SMALL_BYTES)
    with pytest.raises(Fault):
        one.reserve(90 * MIB)
    one = budget.reserve("one")
    one.reserve(SMALL_BYTES)
    one.reserve(89 * MIB)
    for _ in range(10):
        (small := budget.reserve("one")).reserve(SMALL_BYTES)
        small.decoded()
    one.decoded(SMALL_BYTES)
    assert budget.held == 11 * MIB
    (other := budget.reserve("one")).reserve(89 * MIB)
    other.decoded()
    with pytest.raises(Fault):
        budget.reserve("one").reserve(1)


def test_parts_of_a_large_answer_are_large():
    """However small each of them is: the others' small ones have their part for themselves."""
    budget = MemoryBudget(100 * MIB, sites=["one", "other"], guaranteed=10 * MIB)
    scope = MemoryScope()
    for part in range(90):
        one = budget.reserve("one", is_large=scope.is_large("one"))
        assert scope.is_large("one") == (part > 2)
        one.reserve(SMALL_BYTES // 2)
        one.decoded()
        scope.hold(one)
    assert not scope.is_large("other")
    for _ in range(9):
        (small := budget.reserve("one")).reserve(SMALL_BYTES)
        small.decoded()
    assert MemoryScope(is_large=True).is_large("other")
    scope.close()
    assert budget.held == 9 * MIB
