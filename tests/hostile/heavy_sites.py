"""Sites whose structures have 400 atoms: `python -m tests.hostile.heavy_sites NAME ..` prints one
port for each."""

import asyncio
import sys

import httpx

from tests.hostile.canned_site import CannedSite

ATOMS, ENTRIES = 400, 1500


async def main(names: list[str]) -> None:
    """Serve until it is ended."""
    servers = []
    for name in names:
        site = CannedSite(name, entries=ENTRIES, atoms=ATOMS)
        servers.append(await asyncio.start_server(_Connection(site).serve, "127.0.0.1", 0))
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.Event().wait()


class _Connection:
    def __init__(self, site: CannedSite) -> None:
        self._site = site

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer on one connection until it ends."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = [line.lower() for line in head.split(b"\r\n")]
                sizes = [line for line in lines if line.startswith(b"content-length:")]
                length = int(sizes[0].split(b":")[1]) if sizes else 0
                content = await reader.readexactly(length)
                url = "http://site" + head.split(b" ")[1].decode()
                asked = httpx.Request("POST", url, content=content)
                answer = await self._site.handle_async_request(asked)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer.content))
                writer.write(answer.content)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
