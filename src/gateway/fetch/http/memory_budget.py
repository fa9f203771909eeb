"""How many bytes of sites' answers one worker holds, from the first byte until the request ends.

The limit per answer alone does not bound memory: several sites can send the largest allowed answer
several times at once, and what is decoded lives until the slowest site is in. When the budget is
spent, the site that holds most loses its largest answer that is still being read. What is decoded
cannot be taken back, so a part is kept for sites that hold little: others cannot crowd them out.
"""

from collections import Counter

from gateway.fetch.http.faults import Fault

BUDGET_BYTES = 120 * 2**20
"""Beside some 100 MiB of the worker itself and its caches, this keeps it below 400 MiB."""
SPARE_BYTES = 48 * 2**20
"""Beyond the budget, for sites that hold little: no more than an equal part of both, which sites
that have filled the budget hold already, on average. 64 callers of a healthy site (`admission`)
hold half of it in pages of 50 (25 MiB measured), while others fill the budget. With both a worker
under attack has had 335 MB at most (`tests/hostile/test_hostile_sites.py`)."""


class MemoryBudget:
    """A budget of bytes shared by all sites; each answer has a `Reservation` in it."""

    def __init__(self, capacity: int = BUDGET_BYTES, *, spare: int = 0) -> None:
        self.capacity = capacity
        self._spare = spare
        self._held = 0
        self._by_site: dict[str, int] = {}
        """What each site holds that holds anything."""
        self._reservations: set[Reservation] = set()

    @property
    def held(self) -> int:
        """Bytes taken now."""
        return self._held

    def reserve(self, site: str) -> "Reservation":
        """A reservation for one answer of this site; it begins empty and must be released."""
        reservation = Reservation(self, site)
        self._reservations.add(reservation)
        return reservation

    def release(self, reservation: "Reservation") -> None:
        """Take back what the reservation held."""
        self._reservations.discard(reservation)
        self._count(reservation, -reservation.charge)

    def take(self, reservation: "Reservation", more: int) -> None:
        """Give `more` bytes to the reservation; larger ones make way, or it is a fault."""
        while not self.has_room(reservation.site, more):
            largest = self._largest(reservation, more)
            if largest is None or largest is reservation:
                reservation.lose()
                raise crowded()
            largest.lose()
        self._count(reservation, more)

    def has_room(self, site: str, more: int) -> bool:
        """Whether a site can take so much without anything making way."""
        return self._held + more <= self.capacity or self._is_little(site, more)

    def _count(self, reservation: "Reservation", more: int) -> None:
        self._held += more
        reservation.charge += more
        left = self._by_site.get(reservation.site, 0) + more
        if left:
            self._by_site[reservation.site] = left
        else:
            self._by_site.pop(reservation.site, None)

    def _is_little(self, site: str, more: int) -> bool:
        """Whether the site holds so little, with so much more, that it may go beyond the budget."""
        whole = self.capacity + self._spare
        share = min(self._spare, whole // len(self._by_site.keys() | {site}))
        return self._held + more <= whole and self._by_site.get(site, 0) + more <= share

    def _largest(self, asking: "Reservation", more: int) -> "Reservation | None":
        """The largest reservation that can still be lost, of the site that holds most of these;
        `asking` counts as if it had `more`. Decoded answers are in use and cannot be taken."""
        open_ones = [one for one in self._reservations if not one.is_decoded]
        held = Counter({asking.site: more})
        for reservation in open_ones:
            held[reservation.site] += reservation.charge
        site = max(held, key=lambda name: (held[name], name == asking.site))
        theirs = [reservation for reservation in open_ones if reservation.site == site]
        return max(
            theirs, key=lambda one: one.charge + more if one is asking else one.charge, default=None
        )


class Reservation:
    """One answer: its bytes while it is read, its weight once decoded, and who still uses it."""

    __slots__ = ("_budget", "_pieces", "charge", "is_decoded", "lost", "site", "size", "users")

    def __init__(self, budget: MemoryBudget, site: str) -> None:
        self._budget = budget
        self.site = site
        # a list, since a buffer that grows leaves holes of its former sizes in the heap
        self._pieces: list[bytes] = []
        self.size = 0
        self.charge = 0
        self.is_decoded = False
        self.lost = False
        self.users = 0

    def add(self, piece: bytes) -> None:
        """Append what was read."""
        self.reserve(len(piece))
        self._pieces.append(piece)
        self.size += len(piece)

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """What was read, in pieces."""
        return tuple(self._pieces)

    def whole(self) -> bytes:
        """All that was read."""
        if self.lost:
            raise crowded()
        if len(self._pieces) != 1:
            self._pieces = [b"".join(self._pieces)]
        return self._pieces[0]

    def replace(self, pieces: list[bytes]) -> None:
        """Hold these pieces, already reserved, in place of those that were read."""
        self._pieces = pieces
        self.size = sum(map(len, pieces))

    def decoded(self) -> None:
        """The bytes are not needed any more; the charge goes on to stand for what they became."""
        self._pieces = []
        self.is_decoded = True

    def reserve(self, count: int) -> None:
        """Count `count` bytes more, e.g. for decoding."""
        if self.lost:
            raise crowded()
        self._budget.take(self, count)

    def try_reserve(self, count: int) -> bool:
        """The same where there is room; else nothing changes."""
        if not self._budget.has_room(self.site, count):
            return False
        self._budget.take(self, count)
        return True

    def lose(self) -> None:
        """Give everything back; what is read further is a fault."""
        self.lost = True
        # emptied, not just dropped: a traceback can keep this object alive for long
        self._pieces = []
        self.size = 0
        self._budget.release(self)


class MemoryScope:
    """The answers that one request of a caller uses; closed when that request ends."""

    __slots__ = ("_held", "_is_closed")

    def __init__(self) -> None:
        self._held: list[Reservation] = []
        self._is_closed = False

    def hold(self, reservation: Reservation) -> None:
        """Keep the reservation while the scope is open; several scopes may hold one answer."""
        if self._is_closed:
            return
        reservation.users += 1
        self._held.append(reservation)

    def close(self) -> None:
        """Release what no other scope uses."""
        self._is_closed = True
        for reservation in self._held:
            reservation.users -= 1
            if not reservation.users:
                reservation.lose()
        self._held.clear()


def crowded() -> Fault:
    """The answer had to make way for smaller ones."""
    return Fault(
        "the answer is too large to be held beside the other answers of this moment",
        health="unknown",
        too_large=True,
    )
