"""The items of a page as one JSON text, read part by part: memory is bounded by the part.

What is small is whole before it goes out, so that an error is still 502. Of a larger answer the
beginning is: what fails later breaks the connection, and never ends in shorter, valid JSON.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

from gateway.errors import NativeError, SiteError
from gateway.native.asking import SitesUnavailableError
from gateway.native.searches.bodies import PartTooLargeError

BEGIN_BYTES = 8 * 1024 * 1024
"""An answer up to this size is whole before its first byte goes out."""
PART = 60
"""Entries of one part; the next one is read while a part goes out."""
PAUSES_S = (1.0, 5.0)
"""Before a part is asked for again that a site has not given."""

ReadPart = Callable[[Mapping[str, Sequence[str]]], Awaitable[Mapping[str, bytes]]]
"""What the holders of some entries have of them, by entry_id."""


class BrokenStreamError(Exception):
    """The rest of an answer that has begun cannot be had."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StreamedAnswer:
    """One answer: `head` as far as the opening bracket of its items, then they, then `END`."""

    END = b"]}"

    def __init__(
        self, head: bytes, holders: Mapping[str, Sequence[str]], *, read: ReadPart
    ) -> None:
        self._read = read
        self._holders = holders
        ids = [*holders]
        self._parts = deque(tuple(ids[at : at + PART]) for at in range(0, len(ids), PART))
        self._begun = [head]
        self._has_items = False

    async def begin(self) -> bytes | None:
        """The whole answer, if it is small; None: it goes out in pieces. Raises NativeError or
        SitesUnavailableError."""
        size = len(self._begun[0])
        while self._parts and size <= BEGIN_BYTES:
            text = await self._next()
            size += len(text)
            self._begun.append(text)
        return None if self._parts else b"".join((*self._begun, self.END))

    async def pieces(self) -> AsyncIterator[bytes]:
        """The answer; raises BrokenStreamError where it breaks off."""
        following = asyncio.ensure_future(self._again())
        try:
            while self._begun:
                yield self._begun.pop(0)
            while True:
                text, is_last = await following
                if not is_last:
                    following = asyncio.ensure_future(self._again())
                yield text
                if is_last:
                    break
            yield self.END
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _again(self) -> tuple[bytes, bool]:
        """The next part, asked for several times, and whether it is the last one."""
        for pause_s in (*PAUSES_S, None):
            try:
                text = await self._next()
                return text, not self._parts
            except NativeError as error:
                raise BrokenStreamError(str(error.detail)) from None
            except SiteError as error:  # it refuses now what it took before
                raise BrokenStreamError(str(error)) from None
            except SitesUnavailableError as error:
                if pause_s is None:
                    raise BrokenStreamError("; ".join(map(str, error.failed))) from None
                await asyncio.sleep(pause_s)
        raise AssertionError

    async def _next(self) -> bytes:
        """The text of the next part, halved until it is small enough."""
        while True:
            part = self._parts.popleft()
            try:
                found = await self._read({one: self._holders[one] for one in part})
            except PartTooLargeError:
                if len(part) == 1:
                    raise NativeError(
                        502, f"Entry {part[0]} is too large to be passed on."
                    ) from None
                half = len(part) // 2
                self._parts.extendleft((part[half:], part[:half]))
                continue
            except BaseException:
                self._parts.appendleft(part)
                raise
            items = [found[one] for one in part if one in found]
            text = b",".join(items)
            if items and self._has_items:
                text = b"," + text
            self._has_items = self._has_items or bool(items)
            return text
