"""Several waits at once, of which one site's failure ends the others."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from typing import TypeVar

from gateway.errors import SiteError
from gateway.fetch.http.faults import UNEXPECTED

logger = logging.getLogger(__name__)

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


async def gather_sites(parts: Mapping[str, Awaitable[T]], *, doing: str) -> dict[str, T]:
    """The same of several sites, by name; an unexpected error is the failure of its site."""
    return await gather({site: of_site(site, part, doing=doing) for site, part in parts.items()})


async def of_site(site: str, part: Awaitable[T], *, doing: str) -> T:
    """What reading one site's answer gives; an error of our own in it is a SiteError of that site.

    `except Exception` stands at the edges: that of `serve`, and here, which is the edge towards one
    site. Whatever error its answer causes here, the others' answers are whole. Nothing is
    hidden: the log has the traceback, once, and the page names the site as failed.
    """
    try:
        return await part
    except SiteError:
        raise
    except Exception as error:
        logger.exception("unexpected error in the answer of site %s", site)
        raise SiteError(site, doing=doing, happened=UNEXPECTED) from error


async def _waited(part: Awaitable[T]) -> T:
    return await part
