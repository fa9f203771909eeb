"""How many bytes of answers one worker holds while they are read, all sites together.

The limit per answer alone does not bound memory: several sites can send the largest allowed answer
several times at once. When the room is full, the site that holds most loses its largest answer.
"""

from collections import Counter
from types import TracebackType

from gateway.fetch.http.faults import Fault

BUDGET_BYTES = 144 * 2**20


class MemoryBudget:
    """A budget of bytes shared by all sites; each answer being read has a `Parcel` in it."""

    def __init__(self, capacity: int = BUDGET_BYTES) -> None:
        self.capacity = capacity
        self._held = 0
        self._reservations: set[Reservation] = set()

    @property
    def held(self) -> int:
        """Bytes taken now."""
        return self._held

    def reservation(self, site: str) -> "Reservation":
        """A place for one answer of this site; a context manager that gives its bytes back."""
        return Reservation(self, site)

    def enter(self, reservation: "Reservation") -> None:
        """Count this parcel from now on."""
        self._reservations.add(reservation)

    def leave(self, reservation: "Reservation") -> None:
        """Take back what the parcel held."""
        self._reservations.discard(reservation)
        self._held -= reservation.charge
        reservation.charge = 0

    def take(self, reservation: "Reservation", more: int) -> None:
        """Give `more` bytes to the parcel; larger ones make way, or it is a fault."""
        while self._held + more > self.capacity:
            largest = self._largest(reservation, more)
            largest.lose()
            if largest is reservation:
                raise crowded()
        self._held += more
        reservation.charge += more

    def _largest(self, asking: "Reservation", more: int) -> "Reservation":
        """The largest parcel of the site that holds most; `asking` counts as if it had `more`."""
        held = Counter({asking.site: more})
        for reservation in self._reservations:
            held[reservation.site] += reservation.charge
        site = max(held, key=lambda name: (held[name], name == asking.site))
        theirs = [reservation for reservation in self._reservations if reservation.site == site]
        return max(theirs, key=lambda one: one.charge + more if one is asking else one.charge)


class Reservation:
    """One answer while it is read and decoded: its bytes, and what it counts for."""

    __slots__ = ("_budget", "_pieces", "charge", "lost", "site", "size", "weight")

    def __init__(self, budget: MemoryBudget, site: str) -> None:
        self._budget = budget
        self.site = site
        # a list, since a buffer that grows leaves holes of its former sizes in the heap
        self._pieces: list[bytes] = []
        self.size = 0
        self.charge = 0
        self.weight = 0
        """What decoding the body will take; counted when it is decoded, one answer at a time."""
        self.lost = False

    def __enter__(self) -> "Reservation":
        self._budget.enter(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # emptied, not just dropped: a traceback can keep this object alive for long
        self.lose()

    def add(self, piece: bytes, *, weight: int = 0) -> None:
        """Append what was read; it is a fault if that could never be decoded."""
        self.reserve(len(piece))
        self._pieces.append(piece)
        self.size += len(piece)
        self.weight += weight
        if self.charge + self.weight > self._budget.capacity:
            raise crowded()

    def whole(self) -> bytes:
        """All that was read."""
        if len(self._pieces) != 1:
            self.reserve(self.size)
            self._pieces = [b"".join(self._pieces)]
        return self._pieces[0]

    def reserve(self, count: int) -> None:
        """Count `count` bytes more, e.g. for decoding."""
        if self.lost:
            raise crowded()
        self._budget.take(self, count)

    def lose(self) -> None:
        """Give everything back; what is read further is a fault."""
        self.lost = True
        self._pieces = []
        self.size = 0
        self._budget.leave(self)


def crowded() -> Fault:
    """The answer had to make way for smaller ones."""
    return Fault(
        "the answer is too large to be held beside the other answers of this moment",
        health="unknown",
        too_large=True,
    )
