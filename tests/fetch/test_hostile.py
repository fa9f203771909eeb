"""Several sites at their worst at once: bounded memory, bounded time, the good site unharmed."""

import asyncio
import sys
import zlib
from pathlib import Path

import orjson
import pytest

pytestmark = pytest.mark.slow

MIB = 2**20
LIMIT_MIB = 400

WORKER = """
import asyncio, json, sys, time
from gateway.errors import SiteError
from gateway.fetch.cache.answers import open_cache
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.memory_budget import MemoryBudget, MemoryScope
from gateway.fetch.http.request import RequestOptions
from gateway.model import Site

async def ask(client, n, ends, scope, data):
    began = asyncio.get_running_loop().time()
    options = RequestOptions(began + 8, scope)
    try:
        answer = await client.ask("/entries/query", {"n": n}, doing="read", options=options)
        data.append(answer.data)  # as a merge would, until the request is done
        happened = "ok"
    except SiteError as error:
        happened = error.happened
    ends.append((client.site.name, happened, asyncio.get_running_loop().time() - began))

async def main(urls):
    budget, cache = MemoryBudget(), open_cache("memory")
    clients = [
        SiteClient(Site(name=name, url=url, title=name), cache=cache, budget=budget)
        for name, url in urls.items()
    ]
    ends = []
    for round in range(2):
        scope, data = MemoryScope(), []
        await asyncio.gather(
            *(ask(one, round * 10 + n, ends, scope, data) for one in clients for n in range(3))
        )
        scope.close()
    for client in clients:
        await client.close()
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    print(json.dumps({"peak_mib": peak / 1024, "ends": ends, "held": budget.held}))

asyncio.run(main(json.loads(sys.argv[1])))
"""


def endless(piece):
    chunk = b"%x\r\n%s\r\n" % (len(piece), piece)

    async def answer(connection, request):
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await connection.send(chunk)

    return answer


def whole(body, *headers):
    async def answer(connection, request):
        await connection.respond(body, headers=headers)

    return answer


def packed(part, *, size):
    packer = zlib.compressobj(1, wbits=31)
    block = part * (MIB // len(part))
    head = packer.compress(b'{"a":[')
    return head + b"".join(packer.compress(block) for _ in range(size // MIB)) + packer.flush()


async def test_one_worker_stays_small_and_the_good_site_answers(servers):
    """Gigabytes, bombs and dense answers of five sites, three at a time each, twice."""
    good = {"data": [{"entry_id": f"{n:028}"} for n in range(2000)]}
    gzip = ("Content-Encoding", "gzip")
    sites = {
        "good": whole(good),
        "endless": endless(b" " * MIB),
        "endless-dense": endless(b'{"a":[' + b"{}," * (MIB // 3)),
        "bomb": whole(packed(b"                ", size=80 * MIB), gzip),
        "dense-bomb": whole(packed(b"[[]],{},", size=80 * MIB), gzip),
        "dense": whole(b'{"a":[' + b"{}," * (16 * MIB // 3) + b"{}]}"),
        "junk": whole(good | {"junk": [{}] * (MIB // 2)}),
        "text": whole(good | {"junk": "x" * (30 * MIB)}),
    }
    urls = {name: (await servers.answering(answer)).url for name, answer in sites.items()}
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, orjson.dumps(urls).decode(), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await worker.communicate()
    assert worker.returncode == 0
    reported = orjson.loads(output)
    assert reported["peak_mib"] < LIMIT_MIB
    assert reported["held"] == 0
    ends = reported["ends"]
    assert len(ends) == 48
    assert [happened for name, happened, _ in ends if name == "good"] == ["ok"] * 6
    for name, happened, took_s in ends:
        assert took_s < 12
        if name != "good":
            expected = (
                "the answer is larger than",
                "too large",
                "timed out after 8 s",
                "not asked",
                "none to a probe",
                "ok",
            )
            assert any(text in happened for text in expected), (name, happened)


def test_the_worker_can_measure_itself():
    """Peak memory is read from /proc; elsewhere the test above would have to be left out."""
    assert "VmHWM" in Path("/proc/self/status").read_text()
