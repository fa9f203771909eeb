"""Archives by entry_id that several requests want of a site at a time: one request for all of them.

ArchiveQuery downloads eight times ten ids at a time, and what such a request costs a NOMAD is more
the request than its ten archives. While two are under way at a site, the ids of others that ask the
same of other entries are gathered, and go out together.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.model import JsonObject

AT_ONCE = 2
"""Requests of one kind under way at a site."""
MOST = 60
"""Entries of one request."""

Key: TypeAlias = tuple[str, bytes]
"""A site, and what is asked of it beside the ids."""
Found: TypeAlias = "BatchAnswer | Exception"


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """One site's answer to a request for the entries of several."""

    documents: Sequence[JsonObject]
    total: int
    echo: JsonObject


Ask: TypeAlias = Callable[[Collection[str]], Awaitable[BatchAnswer]]


@dataclass(slots=True)
class _Waiting:
    ids: tuple[str, ...]
    ask: Ask
    answer: "asyncio.Future[Found]"


@dataclass(slots=True)
class _Line:
    """Requests of one kind to one site."""

    waiting: list[_Waiting] = field(default_factory=list)
    under_way: int = 0


class Batches:
    """What is asked of all sites at a time."""

    def __init__(self) -> None:
        self._lines: defaultdict[Key, _Line] = defaultdict(_Line)
        self._tasks: set[asyncio.Task[None]] = set()

    async def read(self, key: Key, ids: Sequence[str], ask: Ask) -> BatchAnswer:
        """The answer for these entries and perhaps others; raises SiteError.

        `ask` is used for the others as well: what it needs must not end with its caller.
        """
        one = _Waiting(tuple(ids), ask, asyncio.get_running_loop().create_future())
        line = self._lines[key]
        line.waiting.append(one)
        self._send(key, line)
        found = await one.answer
        if isinstance(found, Exception):
            raise found
        return found

    def _send(self, key: Key, line: _Line) -> None:
        while line.waiting and line.under_way < AT_ONCE:
            batch = [line.waiting.pop(0)]
            count = len(batch[0].ids)
            while line.waiting and count + len(line.waiting[0].ids) <= MOST:
                count += len(line.waiting[0].ids)
                batch.append(line.waiting.pop(0))
            line.under_way += 1
            task = asyncio.create_task(self._answer(key, line, batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if not line.waiting and not line.under_way:
            self._lines.pop(key, None)

    async def _answer(self, key: Key, line: _Line, batch: list[_Waiting]) -> None:
        ids = dict.fromkeys(entry_id for one in batch for entry_id in one.ids)
        found: Found
        try:
            found = await batch[-1].ask(ids)
        except Exception as error:  # noqa: BLE001  # each of its callers gets it; none waits on
            found = error
        finally:
            line.under_way -= 1
        for one in batch:
            if not one.answer.done():  # its caller may have left
                one.answer.set_result(found)
        self._send(key, line)
