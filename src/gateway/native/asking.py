"""All sites asked at once on behalf of one caller, and what their failures mean: strict.

A refusal of all sites is the caller's answer. A site that does not answer is 502, or left out where
the caller asked for that. A name that a site lacks is taken out of what that site is asked.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from inspect import CORO_CREATED, getcoroutinestate, iscoroutine
from typing import Generic, TypeVar

from gateway.errors import NativeError, SiteError
from gateway.fetch.fanout import failure_of, logged
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.gather import of_site
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.model import JsonObject
from gateway.native.call import NativeCall
from gateway.native.names import LEAST_NAMES, MAX_AGAIN_BYTES, MAX_NAMES, lacking_name
from gateway.native.refusals import is_refusal, missing, passed_on

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class NativeAnswer(Generic[T]):
    """What a site answered, and the names that it lacks, with its refusals."""

    value: T
    lacking: Mapping[str, SiteError]


class SitesUnavailableError(Exception):
    """Sites that failed while others may stand in: the request is answered again without them."""

    def __init__(self, failed: tuple[SiteError, ...], refused: tuple[SiteError, ...] = ()) -> None:
        super().__init__()
        self.failed = (*failed, *refused)
        self.refused = refused
        """Of these, the sites that find fault with a request which others have answered."""

    @property
    def sites(self) -> frozenset[str]:
        """Their names."""
        return frozenset(one.site for one in self.failed)


async def post(
    client: SiteClient,
    path: str,
    body: JsonObject,
    *,
    call: NativeCall,
    scope: MemoryScope,
    doing: str,
) -> JsonObject:
    """One site's answer to a body; raises SiteError."""
    return (await client.ask(path, body, doing=doing, options=call.options(scope))).data


Ask = Callable[[Collection[str]], Awaitable[T]]
"""Asks one site without names that it lacks; raises SiteError."""


class LackedNames:
    """The names that several sites, asked the same at once, have been found to lack so far.

    A NOMAD refuses one name at a time, so each costs a request: `size`, the bytes of what is asked,
    bounds how many. A name that all sites lack is the caller's mistake: nobody is asked further.
    """

    def __init__(self, sites: int, *, size: int = 0) -> None:
        self._sites = sites
        self._most = max(LEAST_NAMES, min(MAX_NAMES, MAX_AGAIN_BYTES // max(size, 1)))
        self._lacked_by: Counter[str] = Counter()

    async def adapted(self, ask: Ask[T]) -> NativeAnswer[T]:
        """A site's answer to a request made without the names that it lacks."""
        lacking: dict[str, SiteError] = {}
        while True:
            try:
                return NativeAnswer(await ask(lacking), lacking)
            except SiteError as error:
                name = lacking_name(error)
                if name is None or name in lacking or len(lacking) >= self._most:
                    raise
                lacking[name] = error
                self._lacked_by[name] += 1
            for one, refusal in lacking.items():
                if self._sites > 1 and self._lacked_by[one] >= self._sites:
                    raise refusal


async def adapted(ask: Ask[T]) -> NativeAnswer[T]:
    """One site's answer to a request made without the names that it lacks."""
    return await LackedNames(1).adapted(ask)


async def ask_adapted(
    asks: Mapping[str, Ask[T]], *, doing: str, size: int
) -> dict[str, NativeAnswer[T]]:
    """The same of several sites, as `ask_sites`; `size` are the bytes of what is asked."""
    names = LackedNames(len(asks), size=size)
    return await ask_sites({site: names.adapted(ask) for site, ask in asks.items()}, doing=doing)


async def try_sites(
    requests: Mapping[str, Awaitable[NativeAnswer[T]]], *, doing: str
) -> dict[str, NativeAnswer[T] | SiteError]:
    """Every site's answer, or why there is none."""

    async def one(site: str, request: Awaitable[NativeAnswer[T]]) -> NativeAnswer[T] | SiteError:
        try:
            return await of_site(site, request, doing=doing)
        except SiteError as error:
            return error

    try:
        results = await asyncio.gather(*(one(site, request) for site, request in requests.items()))
    finally:
        for request in requests.values():  # not begun, where the caller was not waited for
            if iscoroutine(request) and getcoroutinestate(request) == CORO_CREATED:
                request.close()
    return dict(zip(requests, results, strict=True))


async def ask_sites(
    requests: Mapping[str, Awaitable[NativeAnswer[T]]], *, doing: str
) -> dict[str, NativeAnswer[T]]:
    """Every site's answer; raises NativeError, or SitesUnavailableError where others can help."""

    results = await try_sites(requests, doing=doing)
    answers = {site: value for site, value in results.items() if isinstance(value, NativeAnswer)}
    failures = [value for value in results.values() if isinstance(value, SiteError)]
    check_failures(failures, answered=bool(answers))
    check_lacking([one.lacking for one in answers.values()])
    return answers


def check_failures(failures: list[SiteError], *, answered: bool) -> None:
    """Raise what failures of sites mean for the request."""
    refused = [error for error in failures if is_refusal(error)]
    unavailable = tuple(error for error in failures if not is_refusal(error))
    for error in unavailable:
        logged(failure_of(error))
    if refused and not answered:
        raise passed_on(refused[0], alone=True)
    if unavailable and not answered and all(error.status in (401, 403) for error in unavailable):
        raise passed_on(unavailable[0], alone=True)
    if unavailable or refused:
        raise SitesUnavailableError(unavailable, tuple(refused))


def check_lacking(lacking: list[Mapping[str, SiteError]]) -> None:
    """Raise the first site's refusal of a name that no site has."""
    if not lacking:
        return
    for name, error in lacking[0].items():
        if all(name in one for one in lacking[1:]):
            raise passed_on(error, alone=True)


def unavailable_error(error: SitesUnavailableError, call: NativeCall) -> NativeError:
    """The answer where nobody stands in for a site."""
    if error.refused and not call.is_partial:
        return passed_on(error.refused[0], alone=False)
    return missing(error.failed, partial_url=call.partial_url)


async def together(*work: Coroutine[None, None, T]) -> list[T]:
    """All results; the first error ends the others and is raised as it is."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def both_of(one: Coroutine[None, None, T], other: Coroutine[None, None, U]) -> tuple[T, U]:
    """Two results; the first error ends the other and is raised as it is."""
    tasks = asyncio.ensure_future(one), asyncio.ensure_future(other)
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
