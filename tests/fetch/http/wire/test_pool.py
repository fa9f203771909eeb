"""Connections stay warm: used again, replaced when the site closes them, all closed in the end."""

import asyncio
import socket

import pytest

from gateway.fetch.http.wire import transport as transport_module
from gateway.fetch.http.wire.transport import FIRST_PAUSE_S, IDLE_S, WARM
from tests.fetch.asking import ask, failure, timed_failure

pytestmark = pytest.mark.slow


async def until(condition, *, within_s=20.0):
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.005)


def pool_of(client):
    return client._transport


async def answering(servers):
    async def answer(connection, request):
        server.served.append(connection)
        await connection.respond({})

    server = await servers.answering(answer)
    server.served = []
    return server


async def test_one_connection_serves_many_requests(servers, client_of):
    """Connections are kept alive and used again."""
    server = await answering(servers)
    client = client_of(server)
    for n in range(5):
        await ask(client, {"n": n})
    assert server.connections == 1


async def test_the_connection_used_last_is_used_next(servers, client_of):
    """So that the others may grow old and be closed."""
    server = await answering(servers)
    client = client_of(server)
    await asyncio.gather(*(ask(client, {"n": n}) for n in range(4)))
    for n in range(4, 8):
        await ask(client, {"n": n})
    assert len({one.number for one in server.served[4:]}) == 1


async def test_a_connection_closed_while_idle_is_replaced(servers, client_of):
    """The next request after a quiet night pays for no handshake."""
    server = await answering(servers)
    client = client_of(server)
    await ask(client, {"n": 1})
    server.served[-1].writer.close()
    await until(lambda: server.connections == 2)
    await until(lambda: len(pool_of(client)._idle) == 1)
    await ask(client, {"n": 2})
    assert server.connections == 2
    assert server.served[-1].number == 2


async def test_as_many_are_kept_warm_as_were_in_use(servers, client_of):
    """Up to two; what a burst opened beyond that is not opened again."""
    server = await answering(servers)
    client = client_of(server)
    gate = asyncio.Barrier(4)

    async def burst(connection, request):
        server.served.append(connection)
        await gate.wait()
        await connection.respond({})

    busy = await servers.answering(burst)
    busy.served = server.served
    client = client_of(busy)
    await asyncio.gather(*(ask(client, {"n": n}) for n in range(4)))
    assert len(pool_of(client)._idle) == 4
    for connection in server.served:
        connection.writer.close()
    await until(lambda: busy.connections == 4 + WARM)
    await asyncio.sleep(4 * FIRST_PAUSE_S)
    assert busy.connections == 4 + WARM
    assert len(pool_of(client)._idle) == WARM


async def test_a_site_that_closes_each_at_once_is_not_flooded(servers, client_of, monkeypatch):
    """Waits between replacements double."""

    async def handler(connection):
        if connection.number == 1:
            await connection.request()
            await connection.respond({})
            await asyncio.sleep(0.02)
        connection.writer.close()

    server = await servers.start(handler)
    monkeypatch.setattr(transport_module, "FIRST_PAUSE_S", 0.05)
    client = client_of(server)
    await ask(client)
    await asyncio.sleep(0.8)
    assert 2 <= server.connections <= 6  # after 0.05, 0.1, 0.2, 0.4 s; each less a fifth


async def test_a_request_that_is_given_up_takes_its_connection_with_it(servers, client_of):
    """The answer may still come, and nobody would read it; nothing is left open."""

    async def handler(connection):
        server.keep(await connection.request())
        await connection.reader.read()  # until the client hangs up

    server = await servers.start(handler)
    client = client_of(server)
    asking = asyncio.ensure_future(ask(client))
    await until(lambda: server.requests)
    asking.cancel()
    await asyncio.wait([asking])
    await until(lambda: server.open == 0)
    assert not pool_of(client)._open


async def test_ever_new_paths_take_no_memory(servers, client_of):
    """Heads of requests are remembered, for paths that come again."""
    server = await answering(servers)
    client = client_of(server)
    for n in range(100):
        await ask(client, path=f"/entries/{n}")
    assert len(pool_of(client)._heads) <= 64


async def test_old_idle_connections_are_closed(servers, client_of, monkeypatch):
    """Routers forget them without a word; they are replaced, and never used."""
    server = await answering(servers)
    client = client_of(server)
    await ask(client, {"n": 1})
    (old,) = pool_of(client)._idle
    old.idle_since -= IDLE_S + 1
    await ask(client, {"n": 2})
    assert server.connections == 2
    pool_of(client)._idle[0].idle_since -= IDLE_S + 1
    pool_of(client)._look_through()
    await until(lambda: server.connections == 3)
    await until(lambda: server.open == 1)


async def test_data_out_of_turn_costs_the_connection_alone(servers, client_of):
    """A site that speaks unasked is not listened to; the next request has another connection."""
    server = await answering(servers)
    client = client_of(server)
    await ask(client, {"n": 1})
    await server.served[-1].send(b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"n":99}')
    await until(lambda: server.connections == 2)
    assert (await ask(client, {"n": 2})).data == {}


BEHIND = {
    "a whole answer": b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"n":99}',
    "half an answer": b"HTTP/1.1 200 OK\r\nX-Poison: ",
    "one byte": b"H",
    "no HTTP": b"\x00\xff",
}


@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND)
async def test_what_follows_an_answer_is_never_taken_for_the_next(servers, client_of, behind):
    """The answer counts, the connection is given up."""

    async def answer(connection, request):
        raw = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" + b'{"n":%d}' % request.json["n"]
        await connection.send(raw + behind)

    server = await servers.answering(answer)
    client = client_of(server)
    for n in range(3):
        assert (await ask(client, {"n": n})).data == {"n": n}
    assert client.circuit.last is None
    assert server.connections >= 3


async def test_answers_without_length_end_with_the_connection(servers, client_of):
    """As HTTP allows; each costs a connection."""

    async def answer(connection, request):
        await connection.send(b'HTTP/1.1 200 OK\r\n\r\n{"n":')
        await asyncio.sleep(0.01)
        await connection.send(b"%d}" % request.json["n"])
        connection.writer.write_eof()

    server = await servers.answering(answer)
    client = client_of(server)
    for n in range(3):
        assert (await ask(client, {"n": n})).data == {"n": n}


async def test_answers_without_length_that_break_are_none(servers, client_of):
    """A reset is no end."""

    async def answer(connection, request):
        await connection.send(b'HTTP/1.1 200 OK\r\n\r\n{"n":1}')
        await asyncio.sleep(0.05)
        connection.reset()

    error = await failure(client_of(await servers.answering(answer), attempts=1))
    assert error.happened == "the connection broke in the middle of the answer"


async def test_connection_close_is_kept_to(servers, client_of):
    """And the answer still counts."""

    async def answer(connection, request):
        await connection.respond({}, headers=(("Connection", "close"),))

    server = await servers.answering(answer)
    client = client_of(server)
    for n in range(3):
        await ask(client, {"n": n})
    assert server.connections == 3


async def test_interim_answers_are_passed_over(servers, client_of):
    """100 and 103 before the answer that counts."""

    async def answer(connection, request):
        await connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        await connection.respond({"n": 1})

    server = await servers.answering(answer)
    client = client_of(server)
    for n in range(2):
        assert (await ask(client, {"n": n})).data == {"n": 1}
    assert server.connections == 1


async def test_the_second_address_is_tried_soon(servers, client_of, monkeypatch):
    """A host with an address that does not answer costs a quarter of a second (Happy Eyeballs)."""
    server = await answering(servers)
    dead = socket.socket()
    dead.bind(("127.0.0.2", 0))
    dead.listen(0)
    waiting = [socket.socket() for _ in range(4)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(dead.getsockname())
    loop = asyncio.get_running_loop()

    async def resolved(host, port, **how):
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        if host != "two-addresses.example":  # uvloop asks for addresses, too
            return [(*kind, (host, port))]
        return [(*kind, dead.getsockname()), (*kind, ("127.0.0.1", server.port))]

    monkeypatch.setattr(loop, "getaddrinfo", resolved)
    client = client_of(f"http://two-addresses.example:{server.port}/api/v1", connect_s=20.0)
    began = loop.time()
    try:
        assert (await ask(client, within_s=20)).data == {}
        assert loop.time() - began < 10
    finally:
        for one in (dead, *waiting):
            one.close()


async def test_a_resolver_that_hangs_costs_the_time_to_connect(site, client_of, monkeypatch):
    """And no longer."""

    async def resolved(host, port, **how):
        await asyncio.sleep(600)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    client = client_of("http://hangs.example/api/v1", connect_s=0.2)
    error, took_s = await timed_failure(client)
    assert error.happened == "timed out after 0.2 s while connecting"
    assert took_s < 2


async def test_closing_ends_all_connections(servers, client_of):
    """Used, idle, being made: nothing is left, and no warning of an open socket."""
    before = asyncio.all_tasks()
    server = await answering(servers)
    client = client_of(server)
    await asyncio.gather(*(ask(client, {"n": n}) for n in range(5)))
    server.served[0].writer.close()
    await asyncio.sleep(0.05)  # it is being replaced
    await client.close()
    await until(lambda: server.open == 0)
    assert not pool_of(client)._open
    assert not {task for task in asyncio.all_tasks() - before if "serve" not in repr(task)}
    error = await failure(client)
    assert error.happened == "timed out after 2 s while connecting" or "not asked" in error.happened
    assert server.connections <= 6
