"""How late the event loop runs what is due: what a request waits for before anything else."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.observe import Observer

EVERY_S = 0.25


@contextmanager
def loop_delay_measured(observer: Observer) -> Iterator[None]:
    """While the context is open, a timer of the running loop measures its delay."""
    measuring = asyncio.create_task(_measure(observer))
    try:
        yield
    finally:
        measuring.cancel()


async def _measure(observer: Observer) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY_S
        await asyncio.sleep(EVERY_S)
        observer.worker.loop_delay(max(0.0, loop.time() - due))
