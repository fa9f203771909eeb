"""What a site can make one worker work for is bounded, and the site is blamed for it."""

import asyncio
import sys
import time

import httpx
import pytest

from gateway.fetch.http.faults import Fault
from gateway.fetch.http.memory_budget import MemoryBudget
from gateway.fetch.http.wire.connection import MAX_HEAD_BYTES, MAX_INTERIM, SiteConnection
from gateway.fetch.http.wire.decoding import FREE_PIECES, AnswerReader
from tests.fetch.asking import ask, failure

CPU_S = 0.6
"""Of the gateway's thread for one hostile answer, on a slow machine: below the time that healthy
callers would notice. The server's own work is not in it: it runs in a process of its own."""
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


SERVER = """
import socket, sys, threading
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
first, again = bytes.fromhex(sys.argv[1]), bytes.fromhex(sys.argv[2])
step = int(sys.argv[3])
def serve(sock):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        head = b""
        while b"\\r\\n\\r\\n" not in head:
            head += sock.recv(65536)
        if head.startswith(b"GET /api/v1/info"):
            sock.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
            return
        sock.sendall(first)
        many = again * max(1, 65536 // len(again)) if not step else again
        while True:
            if step:
                for at in range(0, len(many), step):
                    sock.send(many[at:at + step])
            else:
                sock.sendall(many)
    except OSError:
        pass
    finally:
        sock.close()
while True:
    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
"""

FLOODS = {
    "endless header": (HEAD + b"X: ", b"a" * 1000, 0),
    "endless headers": (HEAD, b"X: a\r\n", 0),
    "endless headers of other names": (HEAD, b"".join(b"X%d: a\r\n" % n for n in range(999)), 0),
    "head in one-byte segments": (HEAD, b"X: a\r\n", 1),
    "1xx": (b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0),
    "1xx with headers": (b"", b"HTTP/1.1 103 Early Hints\r\nX: a\r\n\r\n", 0),
    "1xx in one-byte segments": (b"", b"HTTP/1.1 100 Continue\r\n\r\n", 1),
    "one-byte chunks": (CHUNKED, b"1\r\n \r\n", 0),
    "one-byte segments": (HEAD + b"Content-Length: 9999999\r\n\r\n", b" ", 1),
    "one-byte segments without length": (HEAD + b"\r\n", b" ", 1),
    "chunk extensions": (CHUNKED + b"1;", b"a" * 1000, 0),
    "chunks with extensions": (CHUNKED, b"1;" + b"a" * 100 + b"\r\n \r\n", 0),
    "less content than framing": (CHUNKED, b"10;" + b"a" * 70 + b"\r\n" + b" " * 16 + b"\r\n", 0),
    "chunk extensions in one-byte segments": (CHUNKED + b"1;", b"a", 1),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: a\r\n", 0),
    "trailers of other names": (
        CHUNKED + b"2\r\n{}\r\n0\r\n", b"".join(b"X%d: a\r\n" % n for n in range(999)), 0,
    ),
    "leading zeros of a chunk": (CHUNKED, b"0" * 1000, 0),
    "empty lines before the head": (b"", b"\r\n" * 500, 0),
    "reason without end": (b"HTTP/1.1 200 ", b"O" * 1000, 0),
    "more answers": (b"", HEAD + b"Content-Length: 1\r\n\r\n ", 0),
}  # fmt: skip


@pytest.fixture
async def flood():
    """Starts a server in a process of its own; gives its address."""
    running = []

    async def start(first, again, step):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SERVER, first.hex(), again.hex(), str(step),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        running.append(process)
        port = int(await process.stdout.readline())
        return f"http://127.0.0.1:{port}/api/v1"

    yield start
    for process in running:
        process.kill()
        await process.communicate()


@pytest.mark.parametrize(("first", "again", "step"), FLOODS.values(), ids=FLOODS)
async def test_floods_are_cut_off_cheaply_and_blamed(flood, client_of, first, again, step):
    """Long before the deadline, at a bounded price, and with a sentence."""
    client = client_of(await flood(first, again, step), attempts=1)
    began = time.thread_time()
    error = await failure(client, within_s=30)
    spent_s = time.thread_time() - began
    assert "not valid" in error.happened or "small pieces" in error.happened
    assert client.circuit.last in (error.happened, None)  # None: the probe has found it well
    assert spent_s < CPU_S


async def test_answers_in_many_small_pieces_are_read(servers, client_of):
    """Ordinary servers send some small chunks, too."""
    body = b'{"data":[' + b",".join(b"%d" % n for n in range(1500)) + b"]}"

    async def answer(connection, request):
        parts = [body[i : i + 7] for i in range(0, len(body), 7)]
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
        await connection.send(CHUNKED + chunks + b"0\r\n\r\n")

    client = client_of(await servers.answering(answer))
    assert len((await ask(client)).data["data"]) == 1500


async def test_trailers_and_extensions_in_moderation_are_read(servers, client_of):
    """They are part of HTTP."""

    async def answer(connection, request):
        await connection.send(CHUNKED + b'7;a=b;c="d"\r\n{"n":1}\r\n0\r\nX-Sum: 1\r\n\r\n')

    server = await servers.answering(answer)
    client = client_of(server)
    for n in range(2):
        assert (await ask(client, {"n": n})).data == {"n": 1}
    assert server.connections == 1


class Wire(asyncio.Transport):
    """The site's end of a connection."""

    def __init__(self):
        super().__init__()
        self.is_aborted = False

    def write(self, data):
        pass

    def get_write_buffer_size(self):
        return 0

    def resume_reading(self):
        pass

    def abort(self):
        self.is_aborted = True


def asked():
    """A connection with a request under way, its transport, the answer's reader and its end."""
    connection, wire = SiteConnection(lambda _: None), Wire()
    connection.connection_made(wire)
    reader = AnswerReader(MemoryBudget().reserve("a"), limit=2**20)
    return connection, wire, reader, connection.exchange(b"GET / HTTP/1.1\r\n\r\n", reader)


async def within(end):
    """Without waiting for what never comes."""
    async with asyncio.timeout(20):
        await end


EARLY = b"HTTP/1.1 103 Early Hints\r\nContent-Encoding: gzip\r\n\r\n"
WHOLE = HEAD + b"Content-Length: 2\r\n\r\n{}"


async def test_so_many_interim_answers():
    """One more is one too many; what they say is not said of the answer itself."""
    connection, wire, reader, end = asked()
    connection.data_received(EARLY * MAX_INTERIM + WHOLE)
    await within(end)
    assert "content-encoding" not in reader.headers
    assert not wire.is_aborted
    connection, wire, _, end = asked()
    connection.data_received(EARLY * (MAX_INTERIM + 1) + WHOLE)
    with pytest.raises(Fault, match="announces an answer without end"):
        await within(end)
    assert wire.is_aborted


async def test_a_head_in_small_segments():
    """Each segment costs as much as a page of entries, whatever is in it."""
    connection, wire, _, end = asked()
    connection.data_received(HEAD)
    for _ in range(FREE_PIECES + 1):
        assert not end.done()
        connection.data_received(b"a")
    with pytest.raises(Fault, match="needlessly small pieces"):
        await within(end)
    assert wire.is_aborted


@pytest.mark.parametrize("body", [0, 200_000])
async def test_framing(body):
    """A head, and beside it as much framing as there is content."""
    connection, _, _, end = asked()
    connection.data_received(CHUNKED + (b"%x\r\n%s\r\n" % (body, b"x" * body) if body else b""))
    left = MAX_HEAD_BYTES + body
    while left > 0 and not end.done():
        connection.data_received(b"1;" + b"a" * 10_000 + b"\r\n \r\n")
        left -= 10_000
    connection.data_received(b"1;")
    with pytest.raises(Fault, match="more framing than content"):
        await within(end)


async def test_a_site_that_speaks_unasked():
    """Before it was asked anything, and behind the answer: the connection ends."""
    connection, wire = SiteConnection(lambda _: None), Wire()
    connection.connection_made(wire)
    connection.data_received(WHOLE)
    assert wire.is_aborted
    assert not connection.is_open
    for behind in (WHOLE, b"x"):
        connection, wire, _, end = asked()
        connection.data_received(WHOLE + behind)
        await within(end)
        assert wire.is_aborted


async def test_another_protocol():
    """None was asked for."""
    connection, wire, _, end = asked()
    connection.data_received(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
    )
    with pytest.raises((Fault, httpx.HTTPError), match="changes the protocol"):
        await within(end)
    assert wire.is_aborted
