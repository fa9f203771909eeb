"""One worker holds a bounded number of bytes; who holds most makes way, never the small ones."""

import pytest

from gateway.fetch.http.faults import Fault
from gateway.fetch.http.memory_budget import MemoryBudget


def test_parcels_count_and_give_back():
    """What was read is counted until it is let go."""
    budget = MemoryBudget(100)
    with budget.reservation("a") as one, budget.reservation("b") as two:
        one.add(b"x" * 30)
        two.add(b"x" * 20)
        two.reserve(10)
        assert budget.held == 60
    assert budget.held == 0
    assert one.size == 0


def test_pieces_become_a_whole():
    """Joining takes the same again for a moment; a single piece is not copied."""
    budget = MemoryBudget(100)
    with budget.reservation("a") as reservation:
        reservation.add(piece := b"x" * 20)
        assert reservation.whole() is piece
        assert budget.held == 20
        reservation.add(b"y" * 20)
        assert reservation.whole() == b"x" * 20 + b"y" * 20
        assert budget.held == 80
        assert reservation.whole() is reservation.whole()
    with budget.reservation("a") as empty:
        assert empty.whole() == b""


def test_what_could_never_be_decoded_is_not_read_further():
    """The weight of what came so far is compared with the whole room."""
    budget = MemoryBudget(100)
    with budget.reservation("a") as reservation:
        reservation.add(b"x" * 10, weight=60)
        with pytest.raises(Fault, match="too large to be held"):
            reservation.add(b"x" * 10, weight=60)


def test_a_full_room_loses_the_largest():
    """The small answer goes on, the large one learns at its next piece."""
    budget = MemoryBudget(100)
    with budget.reservation("a") as large, budget.reservation("b") as small:
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
    with budget.reservation("a") as large, budget.reservation("b") as small:
        small.add(b"x" * 30)
        large.add(b"x" * 60)
        with pytest.raises(Fault):
            large.add(b"x" * 20)
        assert budget.held == 30
        assert not small.lost


def test_the_site_that_holds_most_makes_way():
    """Many middling answers of one site do not drive out the single larger one of another."""
    budget = MemoryBudget(100)
    with budget.reservation("good") as good:
        good.add(b"x" * 30)
        greedy = [budget.reservation("greedy") for _ in range(5)]
        for reservation in greedy:
            reservation.__enter__()
        for reservation in greedy[:3]:
            reservation.add(b"x" * 20)
        with pytest.raises(Fault):
            greedy[3].add(b"x" * 21)
        assert not good.lost
        good.add(b"x" * 20)
        assert not good.lost
        assert budget.held <= 100
        for reservation in greedy:
            reservation.__exit__(None, None, None)
    assert budget.held == 0


def test_more_than_the_room_is_never_given():
    """One answer alone cannot exceed it."""
    budget = MemoryBudget(100)
    with budget.reservation("a") as one:
        with pytest.raises(Fault):
            one.reserve(101)
        assert budget.held == 0
        with pytest.raises(Fault):
            one.add(b"")
