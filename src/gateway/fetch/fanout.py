"""All sites at once, each under the same deadline; a site's failure is a value."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.errors import SiteError
from gateway.model import SiteFailure

logger = logging.getLogger(__name__)

K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SiteAnswer(Generic[T]):
    """What one site gave, and how long it took."""

    value: T
    milliseconds: float


async def ask_all(
    questions: Mapping[str, Awaitable[T]], *, doing: str, deadline: float
) -> dict[str, SiteAnswer[T] | SiteFailure]:
    """Every site's answer or failure, by name; `deadline` is in the event loop's time."""
    async with asyncio.TaskGroup() as group:
        tasks = {
            site: group.create_task(_ask(site, question, doing=doing, deadline=deadline))
            for site, question in questions.items()
        }
    return {site: task.result() for site, task in tasks.items()}


def failure_of(error: SiteError, *, milliseconds: float = 0.0) -> SiteFailure:
    """The failure that the error tells of, as a value."""
    reason = f"{error.doing}: {error.happened}"
    return SiteFailure(error.site, reason, error.retry_after_s, milliseconds, error.circuit_open)


async def gather(parts: Mapping[K, Awaitable[T]]) -> dict[K, T]:
    """All results by key; the first SiteError ends the others and is raised."""
    failure: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as group:
            tasks = {key: group.create_task(_waited(part)) for key, part in parts.items()}
    except* SiteError as failures:
        failure = failures.exceptions[0]  # raised here, some Pythons would make it a group again
    if failure is not None:
        raise failure
    return {key: task.result() for key, task in tasks.items()}


async def _waited(part: Awaitable[T]) -> T:
    return await part


async def _ask(
    site: str, question: Awaitable[T], *, doing: str, deadline: float
) -> SiteAnswer[T] | SiteFailure:
    clock = asyncio.get_running_loop().time
    start = clock()
    try:
        async with asyncio.timeout_at(deadline):
            value = await question
    except TimeoutError:
        spent = clock() - start
        return logged(
            SiteFailure(site, f"{doing}: timed out after {spent:.1f} s", None, 1000 * spent)
        )
    except SiteError as error:
        return logged(failure_of(error, milliseconds=1000 * (clock() - start)))
    return SiteAnswer(value, 1000 * (clock() - start))


def logged(failure: SiteFailure) -> SiteFailure:
    """The failure, which has got its one line in the log; a site at rest got its line before."""
    if not failure.circuit_open:
        logger.warning("site %s is missing: %s", failure.site, failure.reason)
    return failure
