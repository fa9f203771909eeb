"""How fast one site has shown to be, and what is asked of it at a time because of that.

Public NOMAD takes 0.07 to 0.7 s for each archive and has many workers; a small Oasis takes 2 ms and
may have a single one, which must not be kept from everybody else.
"""

import time
from collections.abc import Callable

PORTION_S = 0.8
"""What one request for archives should take: several fit into a caller's time, and little is lost
when one comes too late."""
FIRST_PORTION = 4
"""While nothing is known: at 0.7 s each, so many still come in time."""
LARGEST_PORTION = 200
"""NOMAD 1.3 takes 1,022 values in one `:any`. Of structures of 400 atoms, so many are 6 MB, which
take 30 ms to decode in one piece."""
FIRST_AT_ONCE, MOST_AT_ONCE = 4, 8
"""Requests for archives of one page at a time, of the 10 that a site gets by default."""
SLOWED, UNHURRIED = 1.6, 1.25
"""Against one at a time: an archive that takes so much longer, or only so much."""
TWO_EVERY = 8
"""A site that is asked one at a time is asked two at a time again after so many requests: what made
it slow may have been a busy hour, its own or the gateway's."""
SLOW_PAGE_S = 0.3
"""Archives of a page that take longer than this are read after the keys and in portions."""
PERIOD_S = 30.0


class _Least:
    """The least of the values of the last one to two periods; None: there was none, ever.

    Larger ones are mostly waits in a busy gateway, and say nothing of the site.
    """

    __slots__ = ("_before", "_began", "_now", "value")

    def __init__(self) -> None:
        self._began = 0.0
        self._before: float | None = None
        self._now: float | None = None
        self.value: float | None = None

    def add(self, value: float, *, at: float) -> None:
        if at - self._began >= PERIOD_S:
            self._began, self._before, self._now = at, self._now, None
        self._now = value if self._now is None else min(value, self._now)
        self.value = self._now if self._before is None else min(self._now, self._before)

    def replace(self, value: float) -> None:
        self._before, self._now, self.value = None, value, value


class SitePace:
    """One site's times, from the requests that were answered anyway."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._round_trip = _Least()
        self._archive = _Least()
        self._alone_s: float | None = None
        """For an archive with one request at a time, as far as known."""
        self._at_once = FIRST_AT_ONCE
        self._alone = 0
        """Requests since it is asked one at a time."""

    @property
    def round_trip_s(self) -> float | None:
        """Of a page of keys; None: not known yet, as below."""
        return self._round_trip.value

    @property
    def archive_s(self) -> float | None:
        """Of each archive, beyond the round trip."""
        return self._archive.value

    @property
    def portion(self) -> int:
        """How many archives to ask for in one request."""
        if self.archive_s is None:
            return FIRST_PORTION
        return max(1, min(LARGEST_PORTION, int(PORTION_S / max(self.archive_s, 1e-6))))

    @property
    def at_once(self) -> int:
        """How many such requests to send at a time."""
        return self._at_once

    def is_slow(self, archives: int) -> bool:
        """Whether so many archives take long, or nobody knows yet."""
        return self.archive_s is None or self.archive_s * archives > SLOW_PAGE_S

    def keys_came(self, spent_s: float) -> None:
        """A page of keys has come after so long."""
        self._round_trip.add(spent_s, at=self._clock())

    def archives_came(self, count: int, spent_s: float, *, at_once: int) -> None:
        """So many archives have come in one request; `at_once` were under way when it was sent."""
        self._round_trip.add(spent_s, at=self._clock())  # no page takes less than that
        each_s = max(0.0, spent_s - (self.round_trip_s or 0.0) / 2) / count
        self._archive.add(each_s, at=self._clock())
        if at_once == 1 or self._alone_s is None:
            self._alone_s = self.archive_s
            self._alone += 1
            if self._alone >= TWO_EVERY and self._at_once == 1:
                self._at_once = 2
        elif each_s > SLOWED * self._alone_s:
            self._at_once = max(1, self._at_once - 1)
            self._alone = 0
        elif each_s < UNHURRIED * self._alone_s:
            self._at_once = min(MOST_AT_ONCE, self._at_once + 1)

    def archives_late(self, count: int, spent_s: float) -> None:
        """So many archives have not come in this time: each takes that long at least."""
        least_s = spent_s / count
        if self.archive_s is None or self.archive_s < least_s:
            self._archive.replace(least_s)
