"""One worker holds a bounded number of bytes; who holds most makes way, never the small ones."""

from contextlib import contextmanager, suppress
from random import Random

import pytest

from gateway.fetch.http.faults import Fault
from gateway.fetch.http.memory_budget import MemoryBudget, MemoryScope


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


def test_random_answers_never_exceed_the_budget():
    """Whatever comes in whatever order, the account is right and ends at zero."""
    random, budget = Random(5), MemoryBudget(1000)
    reservations, scopes = [], [MemoryScope() for _ in range(4)]
    for _ in range(3000):
        if not reservations or random.random() < 0.3:
            reservations.append(budget.reserve(random.choice("abc")))
        one = random.choice(reservations)
        match random.randrange(6):
            case 0 | 1 | 2:
                with suppress(Fault):
                    one.add(bytes(random.randrange(300)))
            case 3:
                one.decoded()
                random.choice(scopes).hold(one)
            case 4:
                one.lose()
                reservations.remove(one)
            case 5:
                number = random.randrange(4)
                scopes[number].close()
                scopes[number] = MemoryScope()
        assert 0 <= budget.held <= 1000
        assert budget.held == sum(one.charge for one in budget._reservations)
    for one in reservations:
        one.lose()
    assert budget.held == 0


@pytest.mark.parametrize("hogs", [1, 3, 10])
def test_sites_that_hold_little_have_room_beside_sites_that_hold_all(hogs):
    """What is decoded cannot be taken back, so that a part is kept for the others."""
    budget = MemoryBudget(3000, spare=1000)
    held = [budget.reserve(f"hog-{number}") for number in range(hogs)]
    for reservation in held:
        reservation.reserve(3000 // hogs)
        reservation.decoded()
    for number in range(2):
        with pytest.raises(Fault):
            budget.reserve(f"hog-{number % hogs}").reserve(400)
    little = budget.reserve("little")
    little.reserve(200)
    assert 3000 - hogs < budget.held - 200 <= 3000
    with pytest.raises(Fault):
        budget.reserve("little").reserve(900)
    little.lose()
    for reservation in held:
        reservation.lose()
    assert budget.held == 0
    assert not budget._by_site


def test_the_spare_part_has_an_end():
    """However many sites hold little."""
    budget = MemoryBudget(1000, spare=100)
    for number in range(100):
        with suppress(Fault):
            reservation = budget.reserve(f"site-{number}")
            reservation.decoded()
            reservation.reserve(60 if number < 15 else 9)
    assert 1000 < budget.held <= 1100
