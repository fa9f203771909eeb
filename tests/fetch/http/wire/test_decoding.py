"""Answers are bounded in decoded bytes, and become a JSON object or a sentence."""

import asyncio
import gc
import gzip
import time
import tracemalloc
import zlib
from random import Random

import pytest

from gateway.errors import AnswerTooLargeError
from gateway.fetch.cache.answers import open_cache
from gateway.fetch.http.faults import Fault
from gateway.fetch.http.memory_budget import MemoryBudget, MemoryScope
from gateway.fetch.http.wire.decoding import (
    FREE_PIECES,
    LEAST_PIECE,
    MAX_ERROR_BYTES,
    PACKED_BYTES,
    PIECE_BYTES,
    AnswerReader,
)
from gateway.fetch.http.wire.weight import weight
from tests.fetch.asking import ask, failure

pytestmark = pytest.mark.slow

MIB = 2**20


async def sending(servers, body, *headers):
    async def answer(connection, request):
        await connection.respond(body, headers=headers)

    return await servers.answering(answer)


GZIP = ("Content-Encoding", "gzip")


# what is read


@pytest.mark.parametrize(
    ("body", "headers", "data"),
    [
        (b'{"a":1}', (), {"a": 1}),
        (b' \n{"a":1}\n', (), {"a": 1}),
        (b'{"a":1,"a":2}', (), {"a": 2}),
        (b"{}", (), {}),
        (b'{"a":"\\u00e9"}', (), {"a": "é"}),
        ('{"a":"é€😀"}'.encode(), (), {"a": "é€😀"}),
        (b'{"a":1}', (("Content-Type", "text/plain"),), {"a": 1}),
        (b'{"a":1}', (("Content-Type", "application/octet-stream"),), {"a": 1}),
        (gzip.compress(b'{"a":1}', mtime=0), (GZIP,), {"a": 1}),
        (gzip.compress(b'{"a":1}', mtime=0), (("Content-Encoding", " X-GZIP "),), {"a": 1}),
        (b'{"a":1}', (("Content-Encoding", "identity"),), {"a": 1}),
        (b'{"a":1}', (("Content-Encoding", ""),), {"a": 1}),
        (b'{"a":' + b"[" * 200 + b"]" * 200 + b"}", (), None),
    ],
)
async def test_good_answers(servers, client_of, body, headers, data):
    """JSON is JSON, whatever the server calls it; the last of equal names counts."""
    answer = await ask(client_of(await sending(servers, body, *headers)))
    assert data is None or answer.data == data


@pytest.mark.parametrize(
    ("body", "happened"),
    [
        (b"", "the answer is not valid JSON (Input is a zero-length, empty document)"),
        (b"{", "the answer is not valid JSON"),
        (b'{"a":NaN}', "the answer is not valid JSON"),
        (b'{"a":Infinity}', "the answer is not valid JSON"),
        (b'{"a":-Infinity}', "the answer is not valid JSON"),
        (b'{"a":1e999}', "the answer is not valid JSON (number is infinity"),
        (b'{"a":"\xe9"}', "the answer is not valid JSON (str is not valid UTF-8"),
        (b'{"a":"\\ud800"}', "the answer is not valid JSON"),
        ('{"a":1}'.encode("utf-16"), "the answer is not valid JSON"),
        (b"{'a':1}", "the answer is not valid JSON"),
        (b'{"a":1} {"b":2}', "the answer is not valid JSON"),
        (b'{"a":1}]', "the answer is not valid JSON"),
        (b"[" * 100_000, "the answer is not valid JSON"),
        (b'{"a":' * 1025 + b"1" + b"}" * 1025, "the answer is not valid JSON"),
        (b"[]", "the answer is not a JSON object"),
        (b"null", "the answer is not a JSON object"),
        (b'"text"', "the answer is not a JSON object"),
        (b"[" * 500 + b"]" * 500, "the answer is not a JSON object"),
    ],
    ids=range(18),
)
async def test_answers_that_are_no_json_object(servers, client_of, body, happened):
    """Every way of being wrong is a sentence, and counts against the site."""
    client = client_of(await sending(servers, body))
    error = await failure(client)
    assert error.happened.startswith(happened)
    assert not error.refused
    assert client.circuit.last == error.happened


async def test_a_page_of_html_is_told_as_such(servers, client_of):
    """The login page of a proxy is a frequent guest."""
    html = ("Content-Type", "text/html; charset=utf-8")
    error = await failure(client_of(await sending(servers, b"<html></html>", html)))
    assert error.happened == "the answer is not valid JSON (text/html)"


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "500 Broken", "503 Down"])
async def test_no_status_makes_a_bad_body_worse(servers, client_of, status):
    """Bodies of failures may be anything."""
    for body in (b"\xff" * 1000, b"[" * 100_000, gzip.compress(b"[" * 100_000, mtime=0)):

        async def answer(connection, request, body=body):
            headers = (GZIP,) if body.startswith(b"\x1f\x8b") else ()
            await connection.respond(body, status=status, headers=headers)

        error = await failure(client_of(await servers.answering(answer), attempts=1))
        assert len(error.happened) < 300


# size


async def test_an_announced_size_is_refused_at_once(servers, client_of):
    """Nothing is read of what says itself that it is too large; asking for less may help."""

    async def answer(connection, request):
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        await asyncio.sleep(5)

    client = client_of(await servers.answering(answer))
    error = await failure(client)
    assert error.happened == "the answer is larger than 64 MiB"
    assert isinstance(error, AnswerTooLargeError)
    assert client.circuit.last is None


@pytest.mark.parametrize("length", ["9" * 5000, "9" * 19])
async def test_absurd_sizes(servers, client_of, length):
    """Digits without end are a sentence, too."""

    async def answer(connection, request):
        await connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
        await asyncio.sleep(5)

    error = await failure(client_of(await servers.answering(answer)))
    assert error.happened in ("the answer is larger than 64 MiB", "the answer is not valid HTTP")


async def endless(servers, piece):
    """Chunks for ever, until the client hangs up; `server.sent` counts bytes."""

    async def answer(connection, request):
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"%x\r\n%s\r\n" % (len(piece), piece)
        while True:
            await connection.send(chunk)
            server.sent += len(piece)

    server = await servers.answering(answer)
    server.sent = 0
    return server


async def test_an_endless_answer_ends_at_the_limit(servers, client_of):
    """Reading stops, the connection is closed, and it counts against the site."""
    server = await endless(servers, b" " * 65536)
    client = client_of(server, max_answer_bytes=3 * MIB)
    error = await failure(client)
    assert error.happened == "the answer is larger than 3 MiB"
    assert client.circuit.last == error.happened
    await asyncio.sleep(0.05)
    assert server.open == 0
    assert server.sent < 20 * MIB  # socket buffers included


@pytest.mark.parametrize(("length", "good"), [(1000, True), (1001, False)])
@pytest.mark.parametrize("packed", [False, True])
async def test_the_limit_counts_decoded_bytes_exactly(servers, client_of, length, good, packed):
    """Packed or not, what counts is what it becomes."""
    text = b'{"a":"' + b"x" * (length - 8) + b'"}'
    assert len(text) == length
    body, headers = (gzip.compress(text, mtime=0), (GZIP,)) if packed else (text, ())
    client = client_of(await sending(servers, body, *headers), max_answer_bytes=1000)
    if good:
        assert (await ask(client)).state == "ok"
    else:
        assert (await failure(client)).happened == "the answer is larger than 1000 bytes"


def bomb(size):
    """`size` zero bytes, packed to a thousandth."""
    packer = zlib.compressobj(9, wbits=31)
    parts = [packer.compress(bytes(MIB)) for _ in range(size // MIB)]
    return b"".join([*parts, packer.flush()])


async def test_a_gzip_bomb_ends_at_the_limit(servers, client_of):
    """A tenth of a megabyte that would become a hundred is not unpacked further than allowed."""
    body = bomb(96 * MIB)
    assert len(body) < 100_000
    client = client_of(await sending(servers, body, GZIP), max_answer_bytes=8 * MIB)
    tracemalloc.start()
    try:
        error = await failure(client)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert error.happened == "the answer is larger than 8 MiB"
    assert peak < 24 * MIB
    assert client.circuit.last == error.happened


@pytest.mark.parametrize("attempts", [1, 3])
@pytest.mark.parametrize("kind", ["bomb", "truncated", "broken", "no JSON", "dense"])
async def test_failures_hold_no_memory(servers, client_of, kind, attempts):
    """What was read of a bad answer is gone when its error is told, however long that is kept."""
    body = {
        "bomb": bomb(32 * MIB),
        "truncated": bomb(16 * MIB)[:-9],
        "broken": bomb(16 * MIB)[:-8] + b"\x00" * 8,
        "no JSON": b'{"a":"' + b"x" * (16 * MIB),
        "dense": b"[" * (16 * MIB),
    }[kind]
    headers = () if kind in ("no JSON", "dense") else (GZIP,)
    server = await sending(servers, body, *headers)
    client = client_of(server, max_answer_bytes=24 * MIB, attempts=attempts)
    gc.disable()
    tracemalloc.start()
    try:
        errors = [await failure(client, {"n": n}) for n in range(2)]
        snapshot = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert errors
    clients = snapshot.filter_traces([tracemalloc.Filter(False, "*/conftest.py")])
    assert sum(one.size for one in clients.statistics("filename")) < 2 * MIB


@pytest.mark.parametrize(
    "encoding", ["br", "zstd", "deflate", "compress", "gzip, gzip", "gzip,br", "x\t<script>"]
)
async def test_other_packings_are_refused_unread(servers, client_of, encoding):
    """Only gzip was asked for; nested and denser packings are how bombs are made."""
    body = gzip.compress(gzip.compress(b"{}", mtime=0))
    error = await failure(client_of(await sending(servers, body, ("Content-Encoding", encoding))))
    assert error.happened.startswith("the answer is packed")
    assert error.happened.endswith("that was not asked for")
    assert "<" not in error.happened


@pytest.mark.parametrize(
    ("body", "happened"),
    [
        (b"{}", "the answer's gzip compression is broken"),
        (
            gzip.compress(b"{}" * 50, mtime=0)[:-9],
            "the connection broke in the middle of the answer",
        ),
        (gzip.compress(b"{}", mtime=0)[:-8] + b"\0" * 8, "the answer's gzip compression is broken"),
        (gzip.compress(b"{}", mtime=0) + b"more", "the answer goes on after its gzip compression"),
        (gzip.compress(b"{}", mtime=0) * 2, "the answer goes on after its gzip compression"),
        (b"", "the connection broke in the middle of the answer"),
    ],
)
async def test_broken_gzip(servers, client_of, body, happened):
    """Checksums and ends are checked."""
    error = await failure(client_of(await sending(servers, body, GZIP), attempts=1))
    assert error.happened == happened


async def test_a_packed_answer_ends_where_it_ends():
    """Also where its end is that of a piece that is unpacked at a time."""
    raw = b'{"a":1}'
    member = zlib.compress(raw, wbits=-zlib.MAX_WBITS)
    end = zlib.crc32(raw).to_bytes(4, "little") + len(raw).to_bytes(4, "little")
    name = b"n" * (PACKED_BYTES - 11 - len(member) - len(end)) + b"\0"
    packed = b"\x1f\x8b\x08\x08" + bytes(6) + name + member + end
    assert len(packed) == PACKED_BYTES
    assert await reader_of(MemoryBudget(), packed).read_object() == ({"a": 1}, raw)
    with pytest.raises(Fault, match="goes on after its gzip compression"):
        await reader_of(MemoryBudget(), packed + b"more").read_object()


async def test_errors_are_unpacked_too(servers, client_of):
    """Who refuses a request says why, packed or not."""
    body = gzip.compress(b'{"detail":"no such quantity"}', mtime=0)

    async def answer(connection, request):
        await connection.respond(body, status="400 Bad Request", headers=(GZIP,))

    error = await failure(client_of(await servers.answering(answer)))
    assert error.happened == "HTTP 400: no such quantity"


async def test_endless_gzip_that_unpacks_to_nothing(servers, client_of):
    """Packed bytes are counted, too."""
    packer = zlib.compressobj(0, wbits=31)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    nothing = packer.flush(zlib.Z_FULL_FLUSH) or b"\x00\x00\x00\xff\xff"

    async def answer(connection, request):
        await connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + head
        )
        while True:
            await connection.send(nothing * 5000)

    client = client_of(await servers.answering(answer), max_answer_bytes=MIB)
    error = await failure(client)
    assert error.happened == "the answer is larger than 1 MiB"


def reader_of(budget, raw, *, limit=64 * MIB, encoding="gzip"):
    reader = AnswerReader(budget.reserve("a"), limit=limit)
    reader.start(200, {"content-encoding": encoding})
    reader.feed(raw)
    return reader


async def longest_turn_s(work):
    """How long the event loop was held in one piece, and what the work raised or gave."""
    clock, longest, ended = time.thread_time, 0.0, asyncio.ensure_future(work)
    while not ended.done():
        began = clock()
        await asyncio.sleep(0)
        longest = max(longest, clock() - began)
    return longest, ended


async def test_unpacking_loses_nothing():
    """Whatever the size: the pieces are the whole."""
    random = Random(7)
    for size in (0, 1, PIECE_BYTES - 9, PIECE_BYTES, 3 * PIECE_BYTES + 1):
        text = random.randbytes(size // 2).hex()
        raw = b'{"a":"' + text.encode() + b'"}'
        for level in (0, 1, 9):
            packed = gzip.compress(raw, level, mtime=0)
            data, whole = await reader_of(MemoryBudget(), packed).read_object()
            assert data == {"a": text}
            assert whole == raw


@pytest.mark.parametrize("kind", ["bomb", "nothing"])
async def test_others_have_their_turn_while_answers_are_unpacked(kind):
    """The event loop is not held for longer than a piece takes, not even by packed nothing."""
    packed = bomb(24 * MIB) if kind == "bomb" else empty_blocks(60 * MIB)
    held_s, ended = await longest_turn_s(reader_of(MemoryBudget(), packed)._unpack())
    ended.exception()
    assert held_s < 0.1


def empty_blocks(size):
    """Packed bytes that become nothing, the dearest there are."""
    packer = zlib.compressobj(0, wbits=31)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    return head + b"\x00\x00\x00\xff\xff" * (size // 5)


@pytest.mark.parametrize(("encoding", "steps"), [("gzip", 2), ("", 1)])
async def test_others_have_their_turn_after_each_piece(encoding, steps):
    """While an answer is unpacked, and while it is weighed."""
    pieces, turns = 16, 0
    raw = b'{"a":"' + b" " * (pieces * PIECE_BYTES - 8) + b'"}'
    reader = AnswerReader(MemoryBudget().reserve("a"), limit=64 * MIB)
    reader.start(200, {"content-encoding": encoding})
    sent = gzip.compress(raw) if encoding else raw
    for at in range(0, len(sent), PIECE_BYTES):
        reader.feed(sent[at : at + PIECE_BYTES])
    reading = asyncio.ensure_future(reader.read_object())
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    assert len((await reading)[1]) == len(raw)
    assert turns >= steps * (pieces - 1)


def test_small_pieces_are_counted():
    """So many may be smaller than a TCP segment ever is; then an answer of such pieces ends."""
    reader = AnswerReader(MemoryBudget().reserve("a"), limit=MIB)
    reader.start(200, {})
    for _ in range(FREE_PIECES):
        reader.feed(b" ")
    with pytest.raises(Fault, match="needlessly small pieces"):
        reader.feed(b" ")
    reader = AnswerReader(MemoryBudget().reserve("a"), limit=MIB)
    reader.start(200, {})
    for _ in range(2 * FREE_PIECES):
        reader.feed(b" " * LEAST_PIECE)


@pytest.mark.parametrize("status", [400, 404, 500, 503, 302])
def test_an_error_has_a_largest_size_of_its_own(status):
    """Whatever the limit for answers is."""
    reader = AnswerReader(MemoryBudget().reserve("a"), limit=64 * MIB)
    reader.start(status, {})
    reader.feed(b"x" * MAX_ERROR_BYTES)
    with pytest.raises(Fault, match=f"larger than {MAX_ERROR_BYTES // 1024} KiB"):
        reader.feed(b"x")


# memory


async def test_decoding_needs_memory_beside_the_others():
    """What is read and what is decoded at one moment share one budget; the largest makes way."""
    budget = MemoryBudget(2000)
    other = budget.reserve("good")
    other.add(b"x" * 450)
    with pytest.raises(Fault, match="too large to be held"):
        await reader_of(
            budget, b'{"a":[{},{},{},{},{},{},{},{},{},{},{}]}', encoding=""
        ).read_object()
    assert not other.lost
    data, _ = await reader_of(budget, b'{"a":1}', encoding="").read_object()
    assert data == {"a": 1}
    assert not other.lost


async def test_what_is_unpacked_counts_beside_what_was_sent():
    """And what decoding takes beside both."""
    raw = b'{"a":"' + b" " * MIB + b'"}'
    packed = gzip.compress(raw)
    needed = len(packed) + len(raw) + weight(raw).decoding
    with pytest.raises(Fault, match="too large to be held"):
        await reader_of(MemoryBudget(needed - 1), packed).read_object()
    _, whole = await reader_of(MemoryBudget(needed), packed).read_object()
    assert whole == raw


@pytest.mark.parametrize("encoding", ["gzip", ""])
async def test_a_decoded_answer_counts_as_what_it_is(encoding):
    """No longer as what decoding took; it is in use and makes way for nobody."""
    budget = MemoryBudget(40_000)
    raw = b'{"a":[' + b"1," * 300 + b"1]}"
    reader = reader_of(budget, gzip.compress(raw) if encoding else raw, encoding=encoding)
    await reader.read_object()
    assert budget.held == weight(raw).kept < weight(raw).decoding
    with pytest.raises(Fault):
        budget.reserve("b").reserve(40_000)
    assert not reader.reservation.lost


@pytest.mark.parametrize("encoding", ["gzip", ""])
async def test_an_answer_that_had_to_make_way_is_not_read(encoding):
    """It may have been whole by then: that it is gone is no fault of the site's text."""
    reader = reader_of(MemoryBudget(), b"{}" if not encoding else gzip.compress(b"{}"))
    reader.headers = {"content-encoding": encoding}
    reader.reservation.lose()
    with pytest.raises(Fault, match="too large to be held"):
        await reader.read_object()


async def test_a_dense_answer_is_not_decoded(servers, client_of):
    """Ten megabytes of empty objects would take three hundred."""
    body = b'{"a":[' + b"{}," * (10 * MIB // 3) + b"{}]}"
    budget = MemoryBudget(64 * MIB)
    client = client_of(await sending(servers, body), with_={"budget": budget})
    error = await failure(client)
    assert isinstance(error, AnswerTooLargeError)
    assert "too large to be held" in error.happened
    assert budget.held == 0


@pytest.mark.parametrize("callers", [1, 3])
async def test_an_answer_counts_until_the_last_request_that_uses_it_ends(
    servers, client_of, callers
):
    """However many share it; then nothing is left of it."""
    body = b'{"a":[' + b"1," * 10_000 + b"1]}"
    budget, scopes = MemoryBudget(), [MemoryScope() for _ in range(callers)]
    options = {"budget": budget, "cache": open_cache("none")}
    client = client_of(await sending(servers, body), with_=options)
    answers = await asyncio.gather(*(ask(client, scope=scope) for scope in scopes))
    assert len({id(answer.data) for answer in answers}) == 1
    for scope in scopes:
        assert budget.held == weight(body).kept
        scope.close()
    assert budget.held == 0


async def test_a_dense_answer_in_the_cache_weighs_as_much(servers, client_of):
    """What was decoded once beside nothing must not be decoded ten times at once."""
    body = b'{"a":[' + b"{}," * (MIB // 3) + b"{}]}"
    budget, scopes = MemoryBudget(150 * MIB), [MemoryScope() for _ in range(6)]
    cache = open_cache("memory", max_bytes=64 * MIB)
    client = client_of(await sending(servers, body), with_={"budget": budget, "cache": cache})
    await ask(client, scope=scopes[0])
    scopes[0].close()
    made = [await ask(client, scope=scope) for scope in scopes[1:3]]
    assert [answer.state for answer in made] == ["cached", "cached"]
    assert budget.held == 2 * weight(body).kept > 2 * 30 * MIB
    # the third does not fit, nor would it if the site were asked again
    assert isinstance(await failure(client, scope=scopes[3]), AnswerTooLargeError)
    for scope in scopes:
        scope.close()
    assert budget.held == 0


async def test_an_everyday_large_answer_is_decoded(servers, client_of):
    """Five megabytes of structures pass."""
    site = [0.12345678901234, 1.2345678901234, 2.345678901234]
    body = {"data": [{"entry_id": "x" * 28, "sites": [site] * 50} for _ in range(2000)]}
    client = client_of(await sending(servers, body))
    assert len((await ask(client)).data["data"]) == 2000
