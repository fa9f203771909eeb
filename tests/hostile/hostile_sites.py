"""Sites that answer as badly as they can, each way in turn: `python -m tests.hostile.hostile_sites
KIND ..` prints one port for each; `good` is a healthy one.

Counts and `/info` are answered well, so that the circuit stays closed and all is asked for again.
"""

import asyncio
import itertools
import json
import random
import sys
import zlib
from collections.abc import Callable

import orjson

from tests.whole.oases import make_line

TOTAL = 100_000
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
MIB = 2**20


class Site:
    """One site; `number` counts its bad answers."""

    def __init__(self, kind: str) -> None:
        ways = [kind] if kind != "all" else [*WAYS]
        self._ways = itertools.cycle(ways)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer on one connection until it ends."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.split(b"\r\n"):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                body = json.loads(await reader.readexactly(length) or b"{}")
                await self._answer(head.split(b" ")[1].decode(), body, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, path: str, body: dict, writer: asyncio.StreamWriter) -> None:
        if path.endswith("/info"):
            await whole(writer, b'{"version":"1.3.0"}')
        elif body.get("pagination", {}).get("page_size") == 0:
            await whole(writer, b'{"data":[],"pagination":{"total":%d}}' % TOTAL)
        else:
            await WAYS[next(self._ways)](path, body, writer)


async def whole(writer: asyncio.StreamWriter, content: bytes, *headers: str) -> None:
    """One answer of a known length."""
    lines = "".join(f"{one}\r\n" for one in headers)
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n{lines}\r\n".encode())
    writer.write(content)
    await writer.drain()


def entries(path: str, body: dict, *, more: bytes = b"", section: object = None) -> bytes:
    """A proper page; `more` beside each entry, `section` within what is asked for."""
    named = body["query"].get("and", [{}])[0].get("entry_id:any")
    size = body["pagination"]["page_size"]
    after = body["pagination"].get("page_after_value") or "e000000"
    first = int(after[1:7]) + 1 if after[1:7].isdigit() else 1
    ids = named or [f"e{number:06}" for number in range(first, first + size)]
    parts = []
    for entry_id in ids:
        line = make_line(entry_id)
        if section is not None:
            line["metadata"]["optimade"]["species"] = section
        is_archive = path.endswith("/archive/query")
        held = {"entry_id": entry_id, "archive": line} if is_archive else line["metadata"]
        parts.append(orjson.dumps(held)[:-1] + more + b"}")
    return b'{"data":[%s],"pagination":{"total":%d}}' % (b",".join(parts), TOTAL)


async def good(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    await whole(writer, entries(path, body))


async def junk(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    """Much that was not asked for beside each entry."""
    await whole(writer, entries(path, body, more=b',"junk":[' + b"{}," * 40_000 + b"{}]"))


async def dense(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    """Much that cannot be used within what was asked for: small on the wire, large when decoded."""
    await whole(writer, entries(path, body, section=[{}] * 60_000))


async def huge(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    """An answer without end."""
    writer.write(CHUNKED)
    while True:
        writer.write(b"100000\r\n" + b" " * MIB + b"\r\n")
        await writer.drain()


async def chunks(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    """One byte at a time."""
    writer.write(CHUNKED)
    while True:
        writer.write(b"1\r\n \r\n" * 10_000)
        await writer.drain()


async def interim(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    """Announcements without end."""
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nX: a\r\n\r\n" * 1000)
        await writer.drain()


async def bomb(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    """A little that becomes much."""
    await whole(writer, BOMB, "Content-Encoding: gzip")


async def hang(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    """Nothing."""
    await asyncio.Event().wait()


async def dripping(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    """Large, and not quite whole."""
    content = entries(path, body, section="x" * MIB)[:-1]
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(content) + 1))
    writer.write(content)
    await writer.drain()
    await asyncio.Event().wait()


async def extra(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    """One answer more than there were questions: at once, and when the next question comes."""
    await whole(writer, entries(path, body))
    for pause_s in (0.0, 0.01):
        await asyncio.sleep(pause_s)
        await whole(writer, FORGED)


async def lengths(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    """Two lengths, of which one ends the answer before its end."""
    content = entries(path, body)
    short = f"Content-Length: {len(content) // 2}"
    await whole(writer, content, short)


async def ancient(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    """HTTP/1.0 without a length, closed in the middle or at the end."""
    content = entries(path, body)
    writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + content[: random.choice((len(content), 200))])
    await writer.drain()
    writer.close()


async def closing(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    """Closed at any place: before, within or just behind an answer."""
    content = entries(path, body)
    said = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content)
    writer.write(said[: random.choice((0, 10, 60, len(said) - 1, len(said)))])
    await writer.drain()
    writer.close()


async def slow_head(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    """A head that never ends, a byte at a time."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-A: ")
    while True:
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(0.05)


async def errors(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    """Every status, with a text that would break a log line, a page or a header."""
    status = random.choice((200, 204, 304, 400, 401, 418, 422, 429, 500, 503, 599, 999))
    text = '{"detail":"\\u0000\\n\\u001b[31m<script>alert(1)</script>%s"}' % ("x" * 60_000)
    head = f"HTTP/1.1 {status} <script>\r\nRetry-After: {'9' * 300}\r\nContent-Length: "
    writer.write(f"{head}{len(text)}\r\n\r\n{text}".encode())
    await writer.drain()


async def lies(path: str, body: dict, writer: asyncio.StreamWriter) -> None:
    """Proper pages of improper values."""
    content = orjson.loads(entries(path, body))
    for one in content["data"]:
        held = one.get("archive", {}).get("metadata", one)
        held |= {"upload_create_time": "99999-01-01T00:00:00", "upload_id": "../\x00<script>"}
        held["optimade"] |= {"nsites": -(2**63), "chemical_formula_hill": "=HYPERLINK(1)\r\n" * 99}
        held["optimade"]["species"] = [{"name": "\x00" * 9}] * 50
    content["pagination"]["total"] = random.choice((2**52, 2**63 - 1, 1e300, -5, "9", None, TOTAL))
    await whole(writer, orjson.dumps(content))


FORGED = b'{"data":[{"entry_id":"forged","archive":{}}],"pagination":{"total":1}}'


def _bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    parts = [packer.compress(b'{"a":[')]
    parts += [packer.compress(b"[[]]," * (MIB // 5)) for _ in range(63)]
    return b"".join((*parts, packer.flush()))


BOMB = _bomb()
WAYS: dict[str, Callable] = {
    "junk": junk,
    "dense": dense,
    "huge": huge,
    "chunks": chunks,
    "interim": interim,
    "bomb": bomb,
    "dripping": dripping,
    "hang": hang,
    "extra": extra,
    "lengths": lengths,
    "ancient": ancient,
    "closing": closing,
    "slow_head": slow_head,
    "errors": errors,
    "lies": lies,
}


async def main(kinds: list[str]) -> None:
    """Serve until it is ended."""
    WAYS["good"] = good
    servers = [await asyncio.start_server(Site(kind).serve, "127.0.0.1", 0) for kind in kinds]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
