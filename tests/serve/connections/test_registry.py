"""Who makes way when there are too many connections, or too much is held."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.serve.connections.limits import PROBES_AT_A_TIME, ConnectionLimits
from gateway.serve.connections.registry import Connections

KIB, MIB = 2**10, 2**20


@dataclass(eq=False)
class Fake:
    """A connection."""

    held_bytes: int = 0
    since: float | None = None
    checked: list[float] = field(default_factory=list)
    is_cut: bool = False

    def check(self, now: float) -> None:
        self.checked.append(now)

    def waiting_since(self) -> float | None:
        return self.since

    def cut(self) -> None:
        self.is_cut = True


class Clock:
    """An event loop whose time is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.due: list[Callable[[], None]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay_s: float, call: Callable[[], None]) -> object:
        assert delay_s <= 0.5
        self.due.append(call)
        return self

    def turn(self) -> None:
        """Run what is due."""
        self.now += 0.5
        due, self.due = self.due, []
        for call in due:
            call()


@dataclass
class Heard:
    """What is counted."""

    reasons: list[str] = field(default_factory=list)

    def watch_connections(self, _: object) -> None:
        pass

    def ended(self, reason: str) -> None:
        self.reasons.append(reason)


def connections(**limits: int) -> tuple[Connections, Clock, Heard]:
    clock, heard = Clock(), Heard()
    made: Any = Connections(ConnectionLimits(**limits), clock, heard)  # type: ignore[arg-type]
    return made, clock, heard


def admitted(registry: Connections, *all_: Fake) -> None:
    for one in all_:
        assert registry.admit(one)


def test_the_longest_idle_makes_way_for_a_new_one() -> None:
    """Idle since it came or since its last answer; one that is answered never does."""
    registry, _, heard = connections(connections=3)
    first, second, third = Fake(), Fake(), Fake()
    admitted(registry, first, second, third)
    registry.busy(first)
    registry.busy(second)
    registry.idle(second)
    admitted(registry, Fake())
    assert [one.is_cut for one in (first, second, third)] == [False, False, True]
    admitted(registry, Fake())
    assert [one.is_cut for one in (first, second, third)] == [False, True, True]
    assert (len(registry), heard.reasons) == (3, ["idle", "idle"])


def test_where_none_is_idle_the_new_one_is_refused() -> None:
    """And has its place once one has left."""
    registry, _, _ = connections(connections=2)
    first, second = Fake(), Fake()
    admitted(registry, first, second)
    registry.busy(first)
    registry.busy(second)
    assert not registry.admit(Fake())
    registry.leave(first)
    registry.leave(first)
    assert registry.admit(Fake())
    assert not first.is_cut
    assert not second.is_cut


def test_who_has_left_is_idle_no_more() -> None:
    """Nobody makes way twice."""
    registry, _, _ = connections(connections=2)
    gone, there = Fake(), Fake()
    admitted(registry, gone, there)
    registry.leave(gone)
    admitted(registry, Fake(), Fake())
    assert (gone.is_cut, there.is_cut) == (False, True)


def test_places_for_probes_come_back() -> None:
    """So many beyond the limit, and no more."""
    registry, _, _ = connections(connections=1)
    probes = [Fake() for _ in range(PROBES_AT_A_TIME)]
    assert all(map(registry.admit_for_probes, probes))
    assert not registry.admit_for_probes(Fake())
    registry.leave(probes[0])
    assert registry.admit_for_probes(Fake())
    assert len(registry) == 0


def test_who_has_waited_longest_loses_what_it_holds() -> None:
    """Until no more is held than allowed; not who holds next to nothing, nor who is answered."""
    registry, _, heard = connections(held_bytes=10 * MIB)
    answered = Fake(20 * MIB)
    small, late = Fake(16 * KIB, since=1.0), Fake(4 * MIB, since=40.0)
    early, middle = Fake(15 * MIB, since=10.0), Fake(6 * MIB, since=20.0)
    admitted(registry, answered, late, middle, small, early)
    answered.held_bytes = 5 * MIB
    registry.make_way()
    assert [one.is_cut for one in (early, middle, late, small, answered)] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert heard.reasons == ["memory"] * 2
    assert registry.held_bytes <= 10 * MIB
    answered.held_bytes = 20 * MIB
    registry.make_way()
    assert late.is_cut
    assert not answered.is_cut
    assert not small.is_cut


def test_as_much_as_is_allowed_may_be_held() -> None:
    """One byte more may not."""
    registry, _, _ = connections(held_bytes=MIB)
    one = Fake(MIB, since=1.0)
    admitted(registry, one)
    registry.make_way()
    assert not one.is_cut
    one.held_bytes += 1
    registry.make_way()
    assert one.is_cut


def test_a_flood_is_not_waited_for() -> None:
    """Every some megabytes it is looked at, however they come; a little waits for its turn."""
    registry, clock, _ = connections(held_bytes=MIB)
    one = Fake(2 * MIB, since=1.0)
    admitted(registry, one)
    for _ in range(4):
        registry.grew(MIB)
    assert not one.is_cut
    registry.grew(1)
    assert one.is_cut
    other = Fake(2 * MIB, since=1.0)
    admitted(registry, other)
    registry.grew(4 * MIB)
    assert not other.is_cut
    clock.turn()
    assert other.is_cut


def test_all_are_looked_at_again_and_again() -> None:
    """As long as there are any, those for probes as well; then nothing is left of it."""
    registry, clock, _ = connections()
    probe, one = Fake(), Fake()
    assert registry.admit_for_probes(probe)
    clock.turn()
    assert probe.checked == [100.5]
    assert len(clock.due) == 1
    admitted(registry, one)
    clock.turn()
    clock.turn()
    assert one.checked == [101.0, 101.5]
    assert len(probe.checked) == 3
    registry.leave(probe)
    clock.turn()
    assert len(clock.due) == 1
    registry.leave(one)
    clock.turn()
    assert clock.due == []


def test_one_line_speaks_for_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """However many are refused or cut."""
    registry, clock, _ = connections(connections=1, held_bytes=MIB)
    admitted(registry, *[Fake() for _ in range(50)])
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            admitted(registry, Fake(2 * MIB, since=1.0))
            registry.make_way()
            clock.now += 1
        assert len(caplog.records) == 1
        clock.now += 60
        admitted(registry, Fake(), Fake())
    assert len(caplog.records) == 2
