"""How many bytes of sites' answers one worker holds, from the first byte until the request ends.

The limit per answer alone does not bound memory: several sites can send the largest allowed answer
several times at once, and what is decoded lives until the slowest site is in. What is decoded is in
use and cannot be taken back, so each site has a part that is kept for its small answers, whatever
others hold and whatever large ones it sends itself (switches share their buffers like this: a
minimum for each queue, the rest for all). Beyond these parts, who comes first takes; when all is
taken, the site that holds most loses its largest answer that is still being read.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Self

from gateway.fetch.http.faults import Fault

BUDGET_BYTES = 176 * 2**20
"""Beside some 100 MiB of the worker itself and its caches, and as much that clients hold, this
keeps it below 400 MiB (`tests/hostile/test_hostile_sites.py`)."""
GUARANTEED_BYTES = 25 * 2**20
"""For the small answers of each site: what 64 callers of a healthy site (`admission`) hold of it in
pages of 50 is 21 MiB."""
GUARANTEED_SHARE = 0.55
"""The most that is kept for single sites, of all. The rest is for who needs it: a page of 500
structures of 400 atoms, all of one site, takes 54 MiB."""
SMALL_BYTES = 2**20
"""An answer that takes no more is a small one: 100 everyday structures, 10 of 400 atoms."""
LARGE_PAGE = 100
"""Who asks for a page of more entries has large answers alone, in however many parts they come."""


@dataclass(slots=True)
class _Share:
    """What one site holds."""

    guaranteed: int
    small: int = 0
    large: int = 0

    @property
    def beyond(self) -> int:
        """What it holds beyond its guarantee."""
        return max(self.small - self.guaranteed, 0) + self.large

    def resize_within(self, answer: "Reservation", size: int) -> bool:
        """Change the size of one answer where it is small and the site within its guarantee before
        and after, as nearly always; False: it is not so."""
        small = self.small + size - answer.charge
        if (
            max(size, answer.charge) > answer.small_bytes
            or max(small, self.small) > self.guaranteed
        ):
            return False
        self.small = small
        return True

    def resize(self, answer: "Reservation", size: int) -> int:
        """Change the size of one answer; how much more the site holds beyond its guarantee."""
        beyond = self.beyond
        for one, sign in ((answer.charge, -1), (size, +1)):
            if one <= answer.small_bytes:
                self.small += sign * one
            else:
                self.large += sign * one
        return self.beyond - beyond


class MemoryBudget:
    """A budget of bytes shared by sites; each answer has a `Reservation` in it.

    Of `capacity`, each of `sites` has `guaranteed` bytes for its small answers. What sites hold
    beyond their guarantees never exceeds the rest.
    """

    def __init__(
        self,
        capacity: int = BUDGET_BYTES,
        *,
        sites: Collection[str] = (),
        guaranteed: int = GUARANTEED_BYTES,
    ) -> None:
        self.capacity = capacity
        each = min(guaranteed, int(GUARANTEED_SHARE * capacity) // max(len(sites), 1))
        self._shares = {site: _Share(each) for site in sites}
        self._left = capacity - each * len(sites)
        """What nobody has of that which is kept for no single site."""
        self._reservations: set[Reservation] = set()

    @property
    def held(self) -> int:
        """Bytes taken now."""
        return sum(share.small + share.large for share in self._shares.values())

    def reserve(self, site: str, *, is_large: bool = False) -> "Reservation":
        """A reservation for one answer of this site; it begins empty and must be released.
        `is_large`: it counts as a large one, whatever its size."""
        reservation = Reservation(self, site, small_bytes=0 if is_large else SMALL_BYTES)
        self._reservations.add(reservation)
        return reservation

    def release(self, reservation: "Reservation") -> None:
        """Take back what the reservation held."""
        self._reservations.discard(reservation)
        self.give_back(reservation, reservation.charge)

    def take(self, reservation: "Reservation", more: int) -> None:
        """Give `more` bytes to the reservation; larger ones make way, or it is a fault."""
        size = reservation.charge + more
        if self._share(reservation.site).resize_within(reservation, size):
            reservation.charge = size
            return
        if not self.has_room(reservation, more):
            losing = self._making_way(reservation, more)
            if losing is None:
                reservation.lose()
                raise crowded()
            for one in losing:
                one.lose()
        self._resize(reservation, size)

    def give_back(self, reservation: "Reservation", less: int) -> None:
        """Take back `less` bytes of the reservation."""
        self._resize(reservation, reservation.charge - less)

    def has_room(self, reservation: "Reservation", more: int) -> bool:
        """Whether the reservation can have so much more without anything making way."""
        return self._missing(reservation, more) <= 0

    def _missing(self, reservation: "Reservation", more: int) -> int:
        share = replace(self._share(reservation.site))
        return share.resize(reservation, reservation.charge + more) - self._left

    def _share(self, site: str) -> _Share:
        share = self._shares.get(site)
        if share is None:
            share = self._shares[site] = _Share(0)
        return share

    def _resize(self, reservation: "Reservation", size: int) -> None:
        share = self._share(reservation.site)
        if not share.resize_within(reservation, size):
            self._left -= share.resize(reservation, size)
        reservation.charge = size

    def _making_way(self, asking: "Reservation", more: int) -> "list[Reservation] | None":
        """Answers that can still be lost, so that `asking` has room for `more`: in each step the
        largest of the site that is furthest beyond its guarantee. None: `asking` would be one."""
        missing = self._missing(asking, more)
        sizes = {one: one.charge for one in self._reservations if not one.is_decoded}
        sizes[asking] = asking.charge + more
        shares = {one.site: replace(self._share(one.site)) for one in sizes}
        shares[asking.site].resize(asking, sizes[asking])
        losing: list[Reservation] = []
        while missing > 0:
            one = max(
                sizes,
                key=lambda one: (
                    shares[one.site].beyond,
                    one.site == asking.site,
                    sizes[one],
                    one is asking,
                ),
            )
            if one is asking:
                return None
            freed = -shares[one.site].resize(one, 0)
            del sizes[one]
            if freed:
                losing.append(one)
            missing -= freed
        return losing


class Reservation:
    """One answer: its bytes while it is read, its weight once decoded, and who still uses it."""

    __slots__ = (
        "_budget",
        "_pieces",
        "charge",
        "is_decoded",
        "lost",
        "site",
        "size",
        "small_bytes",
        "users",
    )

    def __init__(self, budget: MemoryBudget, site: str, *, small_bytes: int = SMALL_BYTES) -> None:
        """Up to `small_bytes` it is a small one."""
        self._budget = budget
        self.site = site
        self.small_bytes = small_bytes
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

    def decoded(self, kept: int | None = None) -> None:
        """The bytes are not needed any more; the charge stands for what they became and is `kept`
        from now on. None: as it was."""
        self._pieces = []
        self.is_decoded = True
        if kept is not None:
            self.give_back(self.charge - kept)

    def reserve(self, count: int) -> None:
        """Count `count` bytes more, e.g. for decoding."""
        if self.lost:
            raise crowded()
        self._budget.take(self, count)

    def try_reserve(self, count: int) -> bool:
        """The same where there is room; else nothing changes."""
        if not self._budget.has_room(self, count):
            return False
        self._budget.take(self, count)
        return True

    def give_back(self, count: int) -> None:
        """Count `count` bytes less, e.g. after decoding."""
        if not self.lost:
            self._budget.give_back(self, count)

    def lose(self) -> None:
        """Give everything back; what is read further is a fault."""
        self.lost = True
        # emptied, not just dropped: a traceback can keep this object alive for long
        self._pieces = []
        self.size = 0
        self._budget.release(self)


class MemoryScope:
    """The answers that one request of a caller uses; closed when that request ends."""

    __slots__ = ("_held", "_is_closed", "_is_large")

    def __init__(self, *, is_large: bool = False) -> None:
        """`is_large`: it asks for large answers alone, e.g. more than `LARGE_PAGE` entries."""
        self._held: list[Reservation] = []
        self._is_closed = False
        self._is_large = is_large

    def is_large(self, site: str) -> bool:
        """Whether a further answer of this site is part of a large one."""
        if self._is_large or not self._held:
            return self._is_large
        return sum(one.charge for one in self._held if one.site == site) > SMALL_BYTES

    def hold(self, reservation: Reservation) -> None:
        """Keep the reservation while the scope is open; several scopes may hold one answer."""
        if self._is_closed:
            return
        reservation.users += 1
        self._held.append(reservation)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
