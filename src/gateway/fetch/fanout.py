"""All sites at once, each under the same deadline; a site's failure is a value."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.errors import SiteError
from gateway.fetch.http.gather import of_site
from gateway.model import SiteFailure

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SiteAnswer(Generic[T]):
    """What one site gave, and how long it took."""

    value: T
    milliseconds: float


async def ask_all(
    requests: Mapping[str, Awaitable[T]], *, doing: str
) -> dict[str, SiteAnswer[T] | SiteFailure]:
    """Every site's answer or failure, by name.

    Each request ends by itself, at the deadline of its session: a site's client says best why it
    was too late.
    """
    if len(requests) == 1:
        ((site, request),) = requests.items()
        return {site: await _ask(site, request, doing=doing)}
    async with asyncio.TaskGroup() as group:
        tasks = {
            site: group.create_task(_ask(site, request, doing=doing))
            for site, request in requests.items()
        }
    return {site: task.result() for site, task in tasks.items()}


def failure_of(error: SiteError, *, milliseconds: float = 0.0) -> SiteFailure:
    """The failure that the error tells of, as a value."""
    reason = f"{error.doing}: {error.happened}"
    return SiteFailure(error.site, reason, error.retry_after_s, milliseconds, error.circuit_open)


def logged(failure: SiteFailure) -> SiteFailure:
    """The failure, which has got its one line in the log; an open circuit got its line before."""
    if not failure.circuit_open:
        logger.warning("site %s is missing: %s", failure.site, failure.reason)
    return failure


async def _ask(site: str, request: Awaitable[T], *, doing: str) -> SiteAnswer[T] | SiteFailure:
    clock = time.perf_counter  # the event loop's own clock may stand still for milliseconds
    start = clock()
    try:
        value = await of_site(site, request, doing=doing)
    except SiteError as error:
        return logged(failure_of(error, milliseconds=1000 * (clock() - start)))
    return SiteAnswer(value, 1000 * (clock() - start))
