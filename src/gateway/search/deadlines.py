"""How the time of one request is shared among its steps: the one place where that is computed.

A request has one absolute deadline, made where it enters. Each step gets a moment before it, so
that what follows still has time; a site that is too slow for a step is left out, or served from its
index.

    entered |--- place of an offset ---|-- keys --|-- archives --|- index -| answer
            0                        0.49        0.7                       1

With the default of 4 s, keys have until 2.8 s, far more than `fetch.http.coalescing.BLAMED_S`
(0.1 s): together with the time of a probe (3 s) a site that hangs is known to be unhealthy after
about 6 s.
"""

import asyncio
from dataclasses import dataclass

from gateway.config import TimeoutKeys
from gateway.model import EntryRequest, SearchRequest

KEYS_SHARE = 0.7
"""Of the whole time, after which sites that gave no keys are left out: the archives of the others
still come in time."""

COUNT_SHARE, SEARCH_SHARE = 0.4, 0.7
"""Of the time left for keys, until which the place of an offset is counted and found."""

LATE_KEYS_SHARE = 0.5
"""Of the time left for archives, that keys have at least: a page whose offset was searched again
without a slow site begins late, and no other site fails for that."""

LEAST_STEP_S = 0.04
"""No step has less while there is time: `fetch.http.coalescing.LEAST_S` is the least with which a
site is asked at all."""

NEXT_SHARE = 0.7
"""Of the time left, in which further keys are read, while there is another site from which the page
could be filled instead. Archives have all of it: unread ones do not fail their site, but come from
its index."""

ENCODING_S = 0.05
"""For shaping and writing the answer; `_<prefix>_timeout` is at least twice this."""

GRACE_S = 0.05
"""How much later than its sites the search for an offset is given up, so that they can say why."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The moments of one request, in the event loop's time; None: a stream, which has patience as
    long as each site answers within its own limit."""

    entered: float
    end: float | None

    @property
    def keys(self) -> float | None:
        """For the keys of all sites, and for archives that come with them."""
        return None if self.end is None else self.entered + KEYS_SHARE * (self.end - self.entered)

    @property
    def archives(self) -> float | None:
        """For the archives of the page, and what the index holds in place of unread ones."""
        return None if self.end is None else self.end - ENCODING_S

    def keys_now(self) -> float | None:
        """The same where they are asked for now, perhaps late."""
        if self.keys is None or self.archives is None:
            return None
        return max(self.keys, self._share(LATE_KEYS_SHARE, until=self.archives))

    def next(self, *, can_be_filled: bool) -> float | None:
        """For further keys; `can_be_filled`: other sites have more hits."""
        if self.archives is None or not can_be_filled:
            return self.archives
        return self._share(NEXT_SHARE, until=self.archives)

    def count(self) -> float | None:
        """For counting what matches at each site."""
        return self._step(COUNT_SHARE, until=self.keys)

    def search(self) -> float | None:
        """For finding the place of an offset, for the first time or again without a site."""
        return self._step(SEARCH_SHARE, until=self.keys_now())

    def _step(self, share: float, *, until: float | None) -> float | None:
        if until is None:
            return None
        least = asyncio.get_running_loop().time() + LEAST_STEP_S
        return max(self._share(share, until=until), min(least, until))

    def _share(self, share: float, *, until: float) -> float:
        now = asyncio.get_running_loop().time()
        return now + share * max(0.0, until - now)


def deadlines_of(request: SearchRequest | EntryRequest, timeouts: TimeoutKeys) -> Deadlines:
    """The one deadline of a request, from the moment it came in, and its shares."""
    now = asyncio.get_running_loop().time()
    entered = now if request.entered is None else request.entered
    if isinstance(request, SearchRequest) and request.patient:
        return Deadlines(now, None)
    return Deadlines(entered, entered + timeouts.allowed_s(request.timeout_s))
