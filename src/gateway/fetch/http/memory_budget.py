"""How many bytes of answers one worker holds while they are read, all sites together.

The limit per answer alone does not bound memory: several sites can send the largest allowed answer
several times at once. When the room is full, the site that holds most loses its largest answer.
"""

from collections import Counter
from types import TracebackType

from gateway.fetch.http.faults import Fault

ROOM_BYTES = 144 * 2**20


class Room:
    """A budget of bytes shared by all sites; each answer being read has a `Parcel` in it."""

    def __init__(self, capacity: int = ROOM_BYTES) -> None:
        self.capacity = capacity
        self._held = 0
        self._parcels: set[Parcel] = set()

    @property
    def held(self) -> int:
        """Bytes taken now."""
        return self._held

    def parcel(self, site: str) -> "Parcel":
        """A place for one answer of this site; a context manager that gives its bytes back."""
        return Parcel(self, site)

    def enter(self, parcel: "Parcel") -> None:
        """Count this parcel from now on."""
        self._parcels.add(parcel)

    def leave(self, parcel: "Parcel") -> None:
        """Take back what the parcel held."""
        self._parcels.discard(parcel)
        self._held -= parcel.charge
        parcel.charge = 0

    def take(self, parcel: "Parcel", more: int) -> None:
        """Give `more` bytes to the parcel; larger ones make way, or it is a fault."""
        while self._held + more > self.capacity:
            largest = self._largest(parcel, more)
            largest.lose()
            if largest is parcel:
                raise crowded()
        self._held += more
        parcel.charge += more

    def _largest(self, asking: "Parcel", more: int) -> "Parcel":
        """The largest parcel of the site that holds most; `asking` counts as if it had `more`."""
        held = Counter({asking.site: more})
        for parcel in self._parcels:
            held[parcel.site] += parcel.charge
        site = max(held, key=lambda name: (held[name], name == asking.site))
        theirs = [parcel for parcel in self._parcels if parcel.site == site]
        return max(theirs, key=lambda one: one.charge + more if one is asking else one.charge)


class Parcel:
    """One answer while it is read and decoded: its bytes, and what it counts for."""

    __slots__ = ("_pieces", "_room", "charge", "lost", "site", "size", "weight")

    def __init__(self, room: Room, site: str) -> None:
        self._room = room
        self.site = site
        # a list, since a buffer that grows leaves holes of its former sizes in the heap
        self._pieces: list[bytes] = []
        self.size = 0
        self.charge = 0
        self.weight = 0
        """What decoding the body will take; counted when it is decoded, one answer at a time."""
        self.lost = False

    def __enter__(self) -> "Parcel":
        self._room.enter(self)
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
        if self.charge + self.weight > self._room.capacity:
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
        self._room.take(self, count)

    def lose(self) -> None:
        """Give everything back; what is read further is a fault."""
        self.lost = True
        self._pieces = []
        self.size = 0
        self._room.leave(self)


def crowded() -> Fault:
    """The answer had to make way for smaller ones."""
    return Fault(
        "the answer is too large to be held beside the other answers of this moment",
        health="unknown",
        too_large=True,
    )
