"""A worker's part: its numbers go to the hub every other second, and those of the others come."""

import asyncio
import os
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import orjson

from gateway.observe import Observer, exposition, log
from gateway.serve.metrics.hub import METRICS_HUB, read_message, send_message

EVERY_S = 2.0
LARGEST_SHARE = 0.02
"""Of the processor's time; where sharing takes more, it is done less often."""
_LAST_S = 0.5
"""How long the last numbers of a worker that ends may take to be sent."""

Refresh: TypeAlias = Callable[[], Awaitable[None]]


async def _nothing() -> None:
    """There is nothing to bring up to date."""


async def metrics_text(observer: Observer) -> bytes:
    """All numbers as Prometheus reads them, those of all workers where there are several."""
    usage, others = observer.usage(), observer.others

    def text() -> bytes:
        return exposition(observer.families(usage), orjson.loads(others))

    return await asyncio.to_thread(text)


@asynccontextmanager
async def published(observer: Observer, refresh: Refresh = _nothing) -> AsyncIterator[None]:
    """The others count this worker's numbers, too, while the context is open; `refresh` brings
    those up to date that are not counted as something happens."""
    address = os.environ.get(METRICS_HUB)
    if address is None:
        yield
        return
    sharing = asyncio.create_task(_share(observer, refresh, address))
    try:
        yield
    finally:
        sharing.cancel()
        await asyncio.gather(sharing, return_exceptions=True)


async def _share(observer: Observer, refresh: Refresh, address: str) -> None:
    """Until it is cancelled, or the hub ends: then the first process has, and all of us soon."""
    host, port, token = address.rsplit(":", 2)
    has_failed = False
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
            break
        except OSError as error:
            if not has_failed:
                log().warning("the metrics of this worker cannot be shared", reason=str(error))
            has_failed = True
        await asyncio.sleep(EVERY_S)
    try:
        writer.write(token.encode())
        await _exchange_often(observer, refresh, reader, writer)
    except (OSError, EOFError, ValueError):
        observer.others = b"[]"
    finally:
        writer.close()


async def _exchange_often(
    observer: Observer, refresh: Refresh, reader: StreamReader, writer: StreamWriter
) -> None:
    try:
        while True:
            await refresh()
            numbers, spent_s = await _numbers(observer)
            await send_message(writer, numbers)
            observer.others = await read_message(reader)
            await asyncio.sleep(max(EVERY_S, spent_s / LARGEST_SHARE))
    finally:  # what was counted since the last time
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_LAST_S):
                numbers, _ = await _numbers(observer)
                await send_message(writer, numbers)


async def _numbers(observer: Observer) -> tuple[bytes, float]:
    """As JSON, and the processor time that this took. It is done in a thread, as fifty sites have
    thousands of numbers; what changes within the event loop is read there."""
    usage = observer.usage()

    def numbers() -> tuple[bytes, float]:
        begun = time.thread_time()
        raw = orjson.dumps(observer.families(usage))
        return raw, time.thread_time() - begun

    return await asyncio.to_thread(numbers)
