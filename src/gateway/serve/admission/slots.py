"""Admission control: how many requests are answered at a time, and whose.

Others wait a little, then are refused. Large pages and streams have fewer slots, as each of them
holds much memory and much of the event loop. Clients share all of them fairly (`fair_slots`): who
sends many requests waits for its own, and others are answered beside it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal, TypeAlias

from gateway.errors import OverloadError
from gateway.fetch.http.resilience.fair_slots import FairSlots
from gateway.observe import SlotUsage
from gateway.serve.admission.weighted_semaphore import WeightedSemaphore

_BUSY = 0.5
"""Above this part of the slots taken, clients are asked to go slower."""
PATIENT_SHARE = 0.75
"""The most of the slots that requests have which may take longer than others: callers of NOMAD's
own API wait a minute for a site that hangs, and would keep everybody else out for so long."""
SMALL_BYTES = 256 * 1024
"""Requests that send the sites no more than this do not count against `MOST_BYTES`."""
MOST_BYTES = 8 * 1024 * 1024
"""What all requests of a moment send to the sites. Each byte takes several: a request is held as it
came, as it was read, and as it is sent."""
STREAM_PAGES = 4
"""Pages of streams that are read at a time: of structures with 400 atoms, each takes 21 MiB."""

Limit: TypeAlias = Literal["requests", "large", "streams"]


class Admission:
    """The slots of one worker. A `client` is what shares them with others, e.g. an address."""

    def __init__(
        self,
        *,
        slots: int,
        queue_s: float,
        large_slots: int | None = None,
        streams: int | None = None,
        patient_s: float | None = None,
        waiting: Callable[[int], None] | None = None,
        refused: Callable[[Limit], None] | None = None,
    ) -> None:
        self._queue_s = queue_s
        self._patient_s = patient_s
        self._slots = _Slots(slots, limit="requests", doing="answering {} requests")
        self._patient = _Slots(
            max(1, int(PATIENT_SHARE * slots)),
            limit="requests",
            doing="answering {} patient requests",
        )
        self._large = _Slots(
            large_slots or slots, limit="large", doing="answering {} large requests"
        )
        self._streams = _Slots(streams or slots, limit="streams", doing="sending {} streams")
        self._stream_pages = _Slots(
            min(STREAM_PAGES, self._streams.count),
            limit="streams",
            doing="reading {} pages of streams",
        )
        self._bytes = WeightedSemaphore(MOST_BYTES)
        self._waiting = waiting or (lambda _: None)
        self._refused = refused or (lambda _: None)

    @property
    def open_streams(self) -> int:
        """How many streams are being sent."""
        return self._streams.in_use

    def usage(self) -> Mapping[str, SlotUsage]:
        """The slots of each kind."""
        kinds = {"requests": self._slots, "large": self._large, "streams": self._streams}
        return {kind: SlotUsage(slots.in_use, slots.count) for kind, slots in kinds.items()}

    @asynccontextmanager
    async def slot(
        self,
        client: str,
        *,
        deadline: float | None = None,
        is_large: bool = False,
        sent_bytes: int = 0,
    ) -> AsyncIterator[None]:
        """Hold a slot while a request is answered; an OverloadError when none is free in time.
        `sent_bytes` is what the request sends to all sites.

        `deadline` is that of the request, on the event loop's clock: waiting ends with it. One that
        is further away than `patient_s` has a slot of those for patient requests.
        """
        is_patient, is_heavy = self._is_patient(deadline), sent_bytes > SMALL_BYTES
        if not (is_patient or is_large or is_heavy):
            async with self._taken(self._slots, client, deadline):
                yield
            return
        kinds = [self._slots]
        if is_patient:
            kinds.insert(0, self._patient)
        if is_large:
            kinds.insert(0, self._large)
        async with AsyncExitStack() as taken:
            if is_heavy:
                await taken.enter_async_context(self._room(min(sent_bytes, MOST_BYTES), deadline))
            for kind in kinds:
                await taken.enter_async_context(self._taken(kind, client, deadline))
            yield

    def _is_patient(self, deadline: float | None) -> bool:
        """Whether the request may hold its slot for longer than most."""
        if deadline is None or self._patient_s is None:
            return False
        return deadline - asyncio.get_running_loop().time() > self._patient_s

    @asynccontextmanager
    async def first_page(self, client: str) -> AsyncIterator[None]:
        """Hold a slot while the first page of a stream is read; an OverloadError when there are too
        many streams, or none is free in time."""
        self.check_streams(client)
        async with (
            self._taken(self._stream_pages, client, None),
            self.slot(client),
        ):
            yield

    @asynccontextmanager
    async def next_page(self, client: str) -> AsyncIterator[None]:
        """Hold a slot while a further page of a stream is read. A stream that has begun is not
        broken off because others came in the meantime: it waits for its turn."""
        async with _turn(self._stream_pages, client), _turn(self._slots, client):
            yield

    @asynccontextmanager
    async def stream(self, client: str) -> AsyncIterator[None]:
        """Count a stream while it goes out; an OverloadError when there are too many."""
        self.check_streams(client)
        await self._streams.acquire(client)
        try:
            yield
        finally:
            self._streams.release(client)

    def check_streams(self, client: str) -> None:
        """An OverloadError when there are too many streams for one more."""
        if not self._streams.is_free(client):
            raise self._full(self._streams)

    def delay_s(self) -> float:
        """How long a client does well to wait before it asks again."""
        load = self._slots.in_use / self._slots.count
        return round(max(0.0, load - _BUSY) * 2 * self._queue_s, 2)

    @asynccontextmanager
    async def _taken(
        self, slots: "_Slots", client: str, deadline: float | None
    ) -> AsyncIterator[None]:
        if slots.is_free(client):
            await slots.acquire(client)
        else:
            await self._wait(slots.acquire(client), deadline, lambda: self._full(slots))
        try:
            yield
        finally:
            slots.release(client)

    @asynccontextmanager
    async def _room(self, sent_bytes: int, deadline: float | None) -> AsyncIterator[None]:
        if self._bytes.has(sent_bytes):
            await self._bytes.take(sent_bytes)
        else:
            await self._wait(self._bytes.take(sent_bytes), deadline, self._full_of_bytes)
        try:
            yield
        finally:
            self._bytes.give_back(sent_bytes)

    async def _wait(
        self,
        turn: Coroutine[None, None, None],
        deadline: float | None,
        refusal: Callable[[], OverloadError],
    ) -> None:
        until = asyncio.get_running_loop().time() + self._queue_s
        self._waiting(+1)
        try:
            async with asyncio.timeout_at(until if deadline is None else min(until, deadline)):
                await turn
        except TimeoutError as error:
            raise refusal() from error
        finally:
            self._waiting(-1)

    def _full(self, slots: "_Slots") -> OverloadError:
        return self._refusal(slots.limit, slots.doing.format(slots.in_use))

    def _full_of_bytes(self) -> OverloadError:
        return self._refusal("large", "sending the sites as much as it may")

    def _refusal(self, limit: Limit, doing: str) -> OverloadError:
        self._refused(limit)
        return OverloadError(
            f"The gateway is {doing} already; try again.", retry_after_s=max(1.0, self._queue_s)
        )


class _Slots(FairSlots):
    """Slots of one kind: which limit they are, and what is done in them."""

    def __init__(self, count: int, *, limit: Limit, doing: str) -> None:
        super().__init__(count)
        self.limit = limit
        self.doing = doing


@asynccontextmanager
async def _turn(slots: FairSlots, client: str) -> AsyncIterator[None]:
    await slots.acquire(client)
    try:
        yield
    finally:
        slots.release(client)
