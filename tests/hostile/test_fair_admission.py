"""Who takes all slots keeps nobody else waiting."""

import asyncio

import httpx

from gateway.config import AdmissionKeys
from tests.hostile.server import eventually, served
from tests.serve.conftest import FakeFederation

ATTACKERS = 100


async def test_a_crowd_from_one_address() -> None:
    """All its requests hang in slow sites or wait for a slot: those of another address are answered
    at once."""
    federation = FakeFederation()
    federation.hold = asyncio.Event()
    async with served(federation, admission=AdmissionKeys(queue_s=60)) as gateway:
        base = str(gateway.client.base_url)
        limits = httpx.Limits(max_connections=ATTACKERS)
        crowd = httpx.AsyncHTTPTransport(local_address="127.0.0.2", limits=limits)
        async with httpx.AsyncClient(transport=crowd, base_url=base, timeout=60) as client:
            asking = [asyncio.create_task(client.get("/v1/structures")) for _ in range(ATTACKERS)]
            most = AdmissionKeys().max_requests * 7 // 8
            await eventually(lambda: federation.under_way == most)
            released, federation.hold = federation.hold, None
            for _ in range(20):
                answer = await gateway.client.get("/v1/structures")
                assert answer.status_code == 200
            released.set()
            answers = await asyncio.gather(*asking)
            assert {answer.status_code for answer in answers} == {200}
