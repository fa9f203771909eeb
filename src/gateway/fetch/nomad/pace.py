"""How fast one site has shown to be, and what is asked of it at a time because of that.

Public NOMAD takes 0.07 to 0.7 s for each archive and has many workers; a small Oasis takes 2 ms and
may have a single one, which must not be kept from everybody else.
"""

PORTION_S = 0.8
"""What one request for archives should take: several fit into a caller's time, and little is lost
when one comes too late."""
FIRST_PORTION = 4
"""While nothing is known: at 0.7 s each, so many still come in time."""
LARGEST_PORTION = 500
"""NOMAD 1.3 takes 1,022 values in one `:any`; half of them are a few MB of archives."""
FIRST_AT_ONCE, MOST_AT_ONCE = 4, 8
"""Requests for archives of one page at a time, of the 10 that a site gets by default."""
FASTER_PART, SLOWER_PART = 0.5, 0.02
"""The part that a new measurement has in an average. Times that grow are mostly waits in a busy
gateway, not the site's; a site that has become slow is noticed by answers that come too late."""
SLOWED, UNHURRIED = 1.6, 1.25
"""Against one at a time: an archive that takes so much longer, or only so much."""
SLOW_PAGE_S = 0.3
"""Archives of a page that take longer than this are read after the keys and in portions."""


class SitePace:
    """Averages of one site's times, from the requests that were answered anyway."""

    def __init__(self) -> None:
        self.round_trip_s: float | None = None
        """Of a page of keys; None: not known yet, as below."""
        self.archive_s: float | None = None
        """Of each archive, beyond the round trip, with as many requests at once as there were."""
        self._alone_s: float | None = None
        """The same with one request at a time, as far as known: the least seen."""
        self._at_once = FIRST_AT_ONCE

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
        self.round_trip_s = _averaged(self.round_trip_s, spent_s)

    def archives_came(self, count: int, spent_s: float, *, at_once: int) -> None:
        """So many archives have come in one request; `at_once` were under way when it was sent."""
        if self.round_trip_s is None or spent_s < self.round_trip_s:
            self.round_trip_s = spent_s  # no page takes less than the way there and back
        each_s = max(0.0, spent_s - self.round_trip_s / 2) / count
        self.archive_s = _averaged(self.archive_s, each_s)
        if at_once == 1 or self._alone_s is None:
            self._alone_s = _averaged(self._alone_s, each_s) if at_once == 1 else each_s
        elif each_s > SLOWED * self._alone_s:
            self._at_once = max(1, self._at_once - 1)
        elif each_s < UNHURRIED * self._alone_s:
            self._alone_s = min(self._alone_s, each_s)
            self._at_once = min(MOST_AT_ONCE, self._at_once + 1)

    def archives_late(self, count: int, spent_s: float) -> None:
        """So many archives have not come in this time: each takes that long at least."""
        least_s = spent_s / count
        if self.archive_s is None or self.archive_s < least_s:
            self.archive_s = least_s


def _averaged(held: float | None, new: float) -> float:
    if held is None:
        return new
    return held + (FASTER_PART if new < held else SLOWER_PART) * (new - held)
