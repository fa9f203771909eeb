"""The longest piece of work that an event loop did without a break.

Counted is the CPU time of the loop's thread in one callback, not the time on the clock: a busy
machine makes everything late, and nothing longer.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

LONGEST_S = 0.1


@dataclass
class LoopWatch:
    """What was seen so far."""

    longest_s: float = 0.0
    callback: str = ""

    def check(self) -> None:
        """Nothing held the loop for too long."""
        assert self.longest_s <= LONGEST_S, f"{self.longest_s:.3f} s in one piece: {self.callback}"


@contextmanager
def watch_loop() -> Iterator[LoopWatch]:
    """Watch all loops of asyncio's own kind in this thread while the context is open."""
    watch = LoopWatch()
    run = asyncio.Handle._run

    def measured(handle: asyncio.Handle) -> None:
        start = time.thread_time()
        run(handle)
        spent = time.thread_time() - start
        if spent > watch.longest_s:
            watch.longest_s, watch.callback = spent, repr(handle)

    asyncio.Handle._run = measured  # type: ignore[method-assign]
    try:
        yield watch
    finally:
        asyncio.Handle._run = run  # type: ignore[method-assign]
