"""Several waits at once, of which one site's failure ends the others."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import TypeVar

from gateway.errors import SiteError

K = TypeVar("K")
T = TypeVar("T")


async def gather(parts: Mapping[K, Awaitable[T]]) -> dict[K, T]:
    """All results by key; the first SiteError ends the others and is raised."""
    if len(parts) == 1:
        ((key, part),) = parts.items()
        return {key: await part}
    failure: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as group:
            tasks = {key: group.create_task(_waited(part)) for key, part in parts.items()}
    except* SiteError as failures:
        failure = failures.exceptions[0]  # raised here, some Pythons would make it a group again
    if failure is not None:
        try:
            raise failure
        finally:
            del failure  # else it would keep this frame, and all results, until garbage collection
    return {key: task.result() for key, task in tasks.items()}


async def _waited(part: Awaitable[T]) -> T:
    return await part
