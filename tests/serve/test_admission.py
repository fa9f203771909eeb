"""Who waits for a slot, and until when."""

import asyncio

import pytest

from gateway.errors import OverloadError
from gateway.serve.admission import Admission


async def test_waiting_ends_with_the_request() -> None:
    """However long the queue would let it wait; the slot of others is not touched."""
    admission = Admission(slots=1, queue_s=600, large_slots=1)
    loop = asyncio.get_running_loop()
    for is_large in (False, True):
        async with admission.slot(is_large=is_large), asyncio.timeout(60):
            with pytest.raises(OverloadError):
                async with admission.slot(deadline=loop.time() + 0.01, is_large=is_large):
                    raise AssertionError("there is one slot")
        assert {usage.in_use for usage in admission.usage().values()} == {0}


async def test_waiting_ends_with_the_queue() -> None:
    """However much time the request has."""
    admission = Admission(slots=1, queue_s=0.01)
    async with admission.slot(), asyncio.timeout(60):
        with pytest.raises(OverloadError):
            async with admission.slot(deadline=asyncio.get_running_loop().time() + 600):
                raise AssertionError("there is one slot")


async def test_who_waits_gets_the_slot_that_comes_free() -> None:
    """A slot is given back, whatever ends the request."""
    admission = Admission(slots=1, queue_s=600)
    for _ in range(3):
        with pytest.raises(KeyError):
            async with admission.slot():
                raise KeyError
    async with asyncio.timeout(60), admission.slot():
        pass


async def test_streams() -> None:
    """So many, and one more once one has ended."""
    admission = Admission(slots=9, queue_s=0, streams=2)
    async with admission.stream():
        async with admission.stream():
            with pytest.raises(OverloadError, match="2 streams"):
                admission.check_streams()
            with pytest.raises(OverloadError, match="2 streams"):
                async with admission.stream():
                    raise AssertionError("there are two")
        admission.check_streams()
    assert admission.open_streams == 0
