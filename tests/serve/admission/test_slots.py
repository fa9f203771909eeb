"""How many requests are answered at a time; others wait a little, then are refused."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from gateway.errors import OverloadError
from gateway.observe import SlotUsage
from gateway.serve.admission.slots import MOST_BYTES, SMALL_BYTES, STREAM_PAGES, Admission

A, B = "192.0.2.1", "192.0.2.2"


async def test_slots() -> None:
    """When all slots are taken, a request waits for one, then is sent away."""
    admission = Admission(slots=1, queue_s=0.05)
    async with admission.slot(A):
        with pytest.raises(OverloadError) as caught:
            async with admission.slot(A):
                raise AssertionError("there is one slot")
        assert caught.value.retry_after_s >= 1
    async with admission.slot(A):
        pass


async def test_slot_gets_free() -> None:
    """A slot that gets free in time is taken by who waits, also after an error."""
    admission = Admission(slots=1, queue_s=5)

    async def hold() -> None:
        async with admission.slot(A):
            await asyncio.sleep(0.01)
            raise KeyError("fault")

    holding = asyncio.create_task(hold())
    await asyncio.sleep(0)
    async with admission.slot(A):
        assert holding.done()
    with pytest.raises(KeyError, match="fault"):
        await holding


async def test_waiting_ends_with_the_deadline() -> None:
    """A request that waits for a slot does not outlive its own deadline."""
    admission = Admission(slots=1, queue_s=60)
    loop = asyncio.get_running_loop()
    async with admission.slot(A):
        with pytest.raises(OverloadError):
            async with admission.slot(A, deadline=loop.time() + 0.05):
                raise AssertionError("there is one slot")


async def test_large_pages() -> None:
    """They have fewer slots, and take none of the others while they wait for one."""
    admission = Admission(slots=2, large_slots=1, queue_s=0.05)
    async with admission.slot(A, is_large=True):
        with pytest.raises(OverloadError):
            async with admission.slot(A, is_large=True):
                raise AssertionError("there is one slot for large pages")
        async with admission.slot(A):
            pass


async def test_refusals_are_counted() -> None:
    """Each refusal is counted by the limit that was reached, and the slots taken are known."""
    refused: list[str] = []
    admission = Admission(slots=3, large_slots=2, streams=1, queue_s=0.01, refused=refused.append)
    async with (
        admission.slot(A, is_large=True),
        admission.slot(A, is_large=True),
        admission.stream(A),
    ):
        assert admission.usage() == {
            "requests": SlotUsage(2, 3),
            "large": SlotUsage(2, 2),
            "streams": SlotUsage(1, 1),
        }
        with pytest.raises(OverloadError):
            async with admission.slot(A, is_large=True):
                pass
        async with admission.slot(A):
            with pytest.raises(OverloadError):
                async with admission.slot(A):
                    pass
        with pytest.raises(OverloadError):
            async with admission.stream(A):
                pass
    assert refused == ["large", "requests", "streams"]
    assert {used.in_use for used in admission.usage().values()} == {0}


async def test_streams() -> None:
    """There are so many at a time; one that ends makes room."""
    admission = Admission(slots=5, streams=1, queue_s=0.05)
    async with admission.stream(A):
        with pytest.raises(OverloadError):
            async with admission.stream(A):
                raise AssertionError("there is one stream")
    async with admission.stream(A):
        pass


async def test_a_stream_waits_for_its_next_page() -> None:
    """One that has begun is not refused, however long others take; it comes in its turn."""
    admission = Admission(slots=1, queue_s=0.01)
    order: list[str] = []

    async def read(name: str) -> None:
        async with admission.next_page(A):
            order.append(name)

    async with admission.slot(A):
        waiting = [asyncio.create_task(read(name)) for name in "ab"]
        await asyncio.sleep(0.05)
        assert order == []
    await asyncio.gather(*waiting)
    assert order == ["a", "b"]
    assert admission.usage()["requests"].in_use == 0


async def test_few_pages_of_streams_are_read_at_a_time() -> None:
    """However many streams there are; the first page of a further one is refused after a while."""
    admission = Admission(slots=64, streams=16, queue_s=0.01)
    async with AsyncExitStack() as held:
        for number in range(STREAM_PAGES):
            await held.enter_async_context(admission.next_page(f"{number}"))
        with pytest.raises(OverloadError, match="4 pages of streams already"):
            async with admission.first_page(A):
                raise AssertionError("four are being read")
        async with admission.slot(A):
            pass
    async with admission.first_page(A):
        pass


async def test_a_client_with_all_slots_leaves_one_to_others() -> None:
    """Of eight; the others are not kept waiting by it, of whatever kind the slots are."""
    admission = Admission(slots=8, streams=8, large_slots=8, queue_s=0.05)
    async with AsyncExitStack() as held:
        for _ in range(7):
            await held.enter_async_context(admission.slot(A, is_large=True))
            await held.enter_async_context(admission.stream(A))
        for is_large, what in ((False, "7 requests"), (True, "7 large requests")):
            with pytest.raises(OverloadError, match=f"{what} already"):
                async with admission.slot(A, is_large=is_large):
                    raise AssertionError("it holds seven")
        with pytest.raises(OverloadError, match="7 streams already"):
            admission.check_streams(A)
        async with admission.slot(B, is_large=True), admission.stream(B):
            pass


async def test_delay() -> None:
    """Up to half of the slots nobody is asked to slow down, then more and more."""
    admission = Admission(slots=4, queue_s=2)
    delays = [admission.delay_s()]
    async with admission.slot(A), admission.slot(A):
        delays.append(admission.delay_s())
        async with admission.slot(A):
            delays.append(admission.delay_s())
            async with admission.slot(A):
                delays.append(admission.delay_s())
    assert delays == [0, 0, 1, 2]


async def test_patient_requests_leave_slots_for_others() -> None:
    """Those that wait a minute for a site that hangs do not keep out those that wait four seconds;
    there are as many slots as before in all."""
    admission = Admission(slots=4, queue_s=0.05, patient_s=4)
    now = asyncio.get_running_loop().time()
    async with AsyncExitStack() as held:
        for _ in range(3):
            await held.enter_async_context(admission.slot(A, deadline=now + 60))
        with pytest.raises(OverloadError):
            await held.enter_async_context(admission.slot(A, deadline=now + 60))
        await held.enter_async_context(admission.slot(A, deadline=now + 4))
        with pytest.raises(OverloadError):
            await held.enter_async_context(admission.slot(A, deadline=now + 4))
        assert admission.usage()["requests"].in_use == 4
    assert admission.usage()["requests"].in_use == 0


async def test_what_is_sent_to_sites_is_bounded() -> None:
    """By all requests of a moment together; small ones are never kept waiting."""
    admission = Admission(slots=4, queue_s=0.05)
    async with admission.slot(A, sent_bytes=10 * MOST_BYTES):
        with pytest.raises(OverloadError, match="as much as it may already"):
            async with admission.slot(B, sent_bytes=SMALL_BYTES + 1):
                raise AssertionError("all is taken")
        async with admission.slot(B, sent_bytes=SMALL_BYTES):
            pass
    async with admission.slot(B, sent_bytes=SMALL_BYTES + 1):
        pass


async def test_waiting_ends_with_the_request() -> None:
    """However long the queue would let it wait; the slot of others is not touched."""
    admission = Admission(slots=1, queue_s=600, large_slots=1)
    loop = asyncio.get_running_loop()
    for is_large in (False, True):
        async with admission.slot(A, is_large=is_large), asyncio.timeout(60):
            with pytest.raises(OverloadError):
                async with admission.slot(A, deadline=loop.time() + 0.01, is_large=is_large):
                    raise AssertionError("there is one slot")
        assert {usage.in_use for usage in admission.usage().values()} == {0}


async def test_waiting_ends_with_the_queue() -> None:
    """However much time the request has."""
    admission = Admission(slots=1, queue_s=0.01)
    async with admission.slot(A), asyncio.timeout(60):
        with pytest.raises(OverloadError):
            async with admission.slot(A, deadline=asyncio.get_running_loop().time() + 600):
                raise AssertionError("there is one slot")


async def test_who_waits_gets_the_slot_that_comes_free() -> None:
    """A slot is given back, whatever ends the request."""
    admission = Admission(slots=1, queue_s=600)
    for _ in range(3):
        with pytest.raises(KeyError):
            async with admission.slot(A):
                raise KeyError
    async with asyncio.timeout(60), admission.slot(A):
        pass
