"""One site's client: a request in, its answer out, or a SiteError; nothing else escapes.

The way of a request: the cache, an equal one that is on its way, the site; and if the site fails,
an answer cached before, where a grace is configured. Circuit breaker, slots, rate and retries are a
branch each until they are needed.
"""

import asyncio
import logging
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, TypeAlias

import httpx
import orjson

from gateway.fetch.cache.answers import AnswerCache, ArchiveKey, Cached, fingerprint
from gateway.fetch.http.circuit_breaker import PROBE_S, CircuitBreaker, CircuitState
from gateway.fetch.http.decoding import weight
from gateway.fetch.http.exchange import Exchange, Received
from gateway.fetch.http.faults import Fault, seconds
from gateway.fetch.http.memory_budget import MemoryBudget, MemoryScope, Reservation
from gateway.fetch.http.observer import Outcome, Silent, SiteObserver
from gateway.fetch.http.passing import PassedAnswer, PassingOn
from gateway.fetch.http.rate_limits import Slots
from gateway.fetch.http.request import (
    Method,
    RequestOptions,
    SiteRequest,
    checked_token,
    sendable,
)
from gateway.fetch.http.retry import Retry, Sleep
from gateway.fetch.http.single_flight import InFlight, ShuttingDownError, SingleFlight
from gateway.fetch.http.transport import HttpxTransport, Transport, open_transport
from gateway.model import JsonObject, Site

logger = logging.getLogger(__name__)

AnswerState: TypeAlias = Literal["ok", "cached", "stale"]

LEAST_S = 0.03
"""A request that has less time than this is not sent."""
BLAMED_S = 0.1
"""A site that had at least this time and did not answer may be ill, so it is probed. Below it, the
caller was impatient. Keys have 0.7 of `timeouts.budget_s`, which is 0.2 s at least, so that every
hanging site is found."""
SUSPECT_S = 2.8
"""A caller with more patience than the default (keys have 2.8 s of 4) has the site probed after so
long; should it be ill, the caller need not wait for its own deadline."""
_ID_PATH = re.compile(r"^/(uploads|datasets)/")
_ENTRY_PATH = re.compile(r"^/entries/(?!query$|archive/)[^/]+")
_ID_PATH = re.compile(r"^/(uploads|datasets)/[^/]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site says. `data` is shared between equal requests: read it, do not change it."""

    data: JsonObject
    state: AnswerState


_Result: TypeAlias = Received | Fault
Keep: TypeAlias = Callable[[JsonObject], None]
"""Takes in an answer that came too late for its caller, for a cache of its own."""


class SiteClient:
    """Asks one site; made once per app, used in one event loop.

    `budget` bounds the memory of all clients that share it. `probe` is the path and body of a
    request that every healthy site answers quickly.
    """

    def __init__(
        self,
        site: Site,
        *,
        cache: AnswerCache,
        probe: tuple[str, JsonObject] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        budget: MemoryBudget | None = None,
        observer: SiteObserver | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.site = site
        self._cache = cache
        self._budget = budget or MemoryBudget()
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._observer: SiteObserver = observer or Silent()
        self._transport: Transport = (
            open_transport(site) if transport is None else HttpxTransport(transport, site=site)
        )
        self._exchange = Exchange(site, transport=self._transport, budget=self._budget)
        self._token = checked_token(site.token)
        self._digest = cache.key_maker(site, identity=fingerprint(site.token))
        self._in_flight: SingleFlight[_Result] = SingleFlight(lambda: self._slots.are_wanted)
        self._slots = Slots(
            concurrency=site.concurrency,
            rate_per_s=site.rate_per_s,
            free_one=self._in_flight.end_oldest_late,
            waiting=lambda more: self._observer.site_waiting(site.name, more),
        )
        self._observer.site_waiting(site.name, 0)  # the metric is there before anybody waits
        self._retry = Retry(attempts=site.attempts, sleep=sleep, uniform=uniform)
        self._probe_request = _probe_request(probe, token=self._token)
        self._circuit = CircuitBreaker(
            self._probe, changed=self._circuit_changed, clock=clock, sleep=sleep
        )
        self._passing_on = PassingOn(
            site, self._transport, self._slots, self._circuit, self._retry, self._passed
        )

    @property
    def circuit(self) -> CircuitState:
        """Whether the site is asked at the moment, and why not."""
        return self._circuit.state

    @property
    def in_flight(self) -> tuple[int, int]:
        """How many requests are under way or wait, equal ones counted once; and how many of them no
        caller waits for any more."""
        return self._in_flight.counts

    def archive_key(self, entry_id: str, version: str) -> ArchiveKey:
        """The key of one of this site's public archives in the cache."""
        return ArchiveKey(f"{self.site.name} {self.site.url}", entry_id, version)

    def count_archives(self, *, hits: int, misses: int) -> None:
        """So many archives were in the cache, so many were not."""
        self._observer.archives(self.site.name, hits=hits, misses=misses)

    def hold(self, scope: MemoryScope) -> Reservation:
        """Memory for what is decoded on behalf of a caller, until its request ends."""
        reservation = self._budget.reserve(self.site.name)
        reservation.decoded()
        scope.hold(reservation)
        return reservation

    def is_private(self, options: RequestOptions) -> bool:
        """Whether the caller's own token goes along, so that nobody else may see the answer."""
        return bool(options.token) and self.site.forward_token

    async def ask(
        self,
        path: str,
        body: JsonObject,
        *,
        doing: str,
        options: RequestOptions,
        keep: Keep | None = None,
    ) -> Answer:
        """The answer to `body`, posted to `path` below the site's API address."""
        try:
            request = self._request("POST", path, orjson.dumps(body), options)
        except orjson.JSONEncodeError:
            fault = Fault("not asked: the request cannot be written as JSON", health="unknown")
            raise fault.error(self.site.name, doing=doing) from None
        except Fault as fault:
            raise fault.error(self.site.name, doing=doing) from None
        return self._said(await self._answer(request, options, keep), doing=doing)

    async def get(self, path: str, *, doing: str, options: RequestOptions) -> Answer:
        """The answer at `path` below the site's API address."""
        try:
            request = self._request("GET", path, None, options)
        except Fault as fault:
            raise fault.error(self.site.name, doing=doing) from None
        return self._said(await self._answer(request, options, None), doing=doing)

    async def pass_on(
        self,
        method: Method,
        path: str,
        content: bytes | None,
        *,
        doing: str,
        options: RequestOptions,
        content_type: str = "application/json",
        with_token: bool = True,
    ) -> PassedAnswer:
        """The answer as it is, whatever its status, once it has begun; raises SiteError.

        Without `with_token` the gateway's own token stays here: its answer goes to the caller.
        """
        try:
            request = self._request(method, path, content, options)
            if not with_token and not self.is_private(options):
                request = replace(request, token=None)
            request = replace(request, content_type=content_type, accept="*/*")
            return await self._passing_on.open(request, deadline=options.deadline)
        except Fault as fault:
            fault.tidy(options.token)
            raise fault.error(self.site.name, doing=doing) from None

    def _passed(self, request: SiteRequest, outcome: Outcome, seconds: float) -> None:
        self._observer.asked(self.site.name, _label(request.path), outcome, seconds)

    async def close(self) -> None:
        """End the requests under way and close all connections."""
        await self._circuit.close()
        await self._in_flight.close()
        await self._transport.aclose()

    def _said(self, said: Answer | Fault, *, doing: str) -> Answer:
        if isinstance(said, Fault):
            raise said.error(self.site.name, doing=doing)
        return said

    def _request(
        self,
        method: Method,
        path: str,
        content: bytes | None,
        options: RequestOptions,
    ) -> SiteRequest:
        token = checked_token(options.token) if self.is_private(options) else self._token
        request_id = sendable(options.request_id) if options.request_id else ""
        return SiteRequest(
            method,
            path,
            content,
            limit=self.site.max_answer_bytes,
            token=token,
            request_id=request_id,
        )

    async def _answer(
        self, request: SiteRequest, options: RequestOptions, keep: Keep | None
    ) -> Answer | Fault:
        key = None if self.is_private(options) else self._key(request)
        cached = None
        if key is not None and not options.fresh and self._cache.keeps_answers:
            cached = await self._cache.find(key)
            if cached is not None and cached.is_fresh:
                data = self._decoded(cached, options.scope)
                if data is not None:
                    self._observer.cache(self.site.name, "hit", cached.age_s)
                    return Answer(data, "cached")
        result = await self._fetched(request, key, options, keep)
        if isinstance(result, Received):
            options.scope.hold(result.reservation)
            return Answer(result.data, "ok")
        if cached is not None and self._may_be_stale(cached, result):
            data = self._decoded(cached, options.scope)
            if data is not None:
                self._observer.cache(self.site.name, "stale", cached.age_s)
                return Answer(data, "stale")
        return result

    def _may_be_stale(self, cached: Cached, fault: Fault) -> bool:
        return not fault.refused and cached.age_s <= cached.fresh_s + self._cache.stale_s

    async def _fetched(
        self, request: SiteRequest, key: bytes | None, options: RequestOptions, keep: Keep | None
    ) -> _Result:
        """What the site answers, to this request or to an equal one that is on its way."""
        now = self._loop.time()
        deadline = options.deadline
        if deadline is None:
            deadline = now + self.site.answer_s
        elif deadline - now < LEAST_S:
            return Fault("not asked: no time was left", health="unknown", kind="timeout")
        # A caller that wants a fresh answer may join another such caller alone.
        shared = key if not options.fresh or key is None else b"fresh" + key
        in_flight = self._in_flight.find(shared)
        if in_flight is None:
            try:
                self._circuit.check()
            except Fault as fault:
                self._observer.asked(self.site.name, _label(request.path), "circuit_open", 0.0)
                return fault
            if key is not None:
                self._observer.cache(self.site.name, "miss")
            in_flight = self._in_flight.begin(
                shared,
                lambda in_flight: self._work(request, in_flight, key=key, keep=keep),
                limit_s=self.site.answer_s,
            )
        else:
            self._observer.cache(self.site.name, "joined")
        return await self._waited(
            in_flight, deadline=deadline, began=now, is_shared=key is not None
        )

    async def _waited(
        self, in_flight: InFlight[_Result], *, deadline: float, began: float, is_shared: bool
    ) -> _Result:
        is_patient = deadline > began + 2 * SUSPECT_S
        look = (
            self._loop.call_at(began + SUSPECT_S, self._suspect, in_flight) if is_patient else None
        )
        try:
            return await self._in_flight.wait(in_flight, deadline=deadline, may_be_late=is_shared)
        except TimeoutError:
            after_s = deadline - began
            if in_flight.sent_at is None:
                taken = f"its {self.site.concurrency} slots were taken"
                happened = f"not asked: {taken} for {seconds(after_s)}"
                return Fault(happened, health="unknown", kind="timeout")
            fault = Fault(f"timed out after {seconds(after_s)}", kind="timeout")
            if deadline - in_flight.sent_at >= BLAMED_S:
                self._circuit.failed(fault.happened)
            return fault
        except ShuttingDownError:
            if self._circuit.state.state == "closed":
                return Fault("not asked: the gateway is shutting down", health="unknown")
            waited = seconds(self._loop.time() - began)
            happened = f"no answer for {waited}, and none to a probe"
            return Fault(happened, health="unknown", kind="timeout")
        finally:
            if look is not None:
                look.cancel()

    def _suspect(self, in_flight: InFlight[_Result]) -> None:
        """Have the site probed that has not answered a patient caller for long."""
        if in_flight.sent_at is not None:
            self._circuit.failed(f"no answer for {seconds(SUSPECT_S)}")

    async def _work(
        self,
        request: SiteRequest,
        in_flight: InFlight[_Result],
        *,
        key: bytes | None,
        keep: Keep | None,
    ) -> _Result:
        """The answer, or the fault as a value; only cancellation is raised."""
        result: _Result | None = None
        began = self._clock()
        await self._slots.acquire()
        try:
            try:
                self._circuit.check()  # it may have opened while this waited for a slot
                in_flight.sent_at = self._loop.time()
                result = await self._exchange.send(request)
            except Fault as fault:
                result = await self._after(fault, request, in_flight) if fault.may_pass else fault
            if isinstance(result, Fault):
                result = result.as_value()
        finally:
            self._slots.release()
            self._note(request, result, seconds=self._clock() - began)
        if isinstance(result, Received):
            if key is not None and self._cache.keeps_answers:
                self._cache.keep(key, result.raw, is_late=not in_flight.waiting)
            if keep is not None and not in_flight.waiting:
                keep(result.data)
        return result

    async def _after(
        self, first: Fault, request: SiteRequest, in_flight: InFlight[_Result]
    ) -> _Result:
        """What comes of a request whose first attempt failed in a way that may pass."""
        self._circuit.failed(first.happened)
        try:
            return await self._retry.after(
                first,
                lambda: self._exchange.send(request),
                remaining_s=lambda: in_flight.deadline - self._loop.time(),
            )
        except Fault as fault:
            return fault

    def _note(self, request: SiteRequest, result: _Result | None, *, seconds: float) -> None:
        """Report how the request ended; None: it was cancelled, which says nothing of the site."""
        outcome: Outcome = "cancelled"
        if isinstance(result, Fault):
            outcome = "refused" if result.refused else result.kind
            if result.health == "bad":
                self._circuit.failed(result.happened)
            elif result.health == "good":
                self._circuit.succeeded()
        elif result is not None:
            outcome = "ok"
            self._circuit.succeeded()
        self._observer.asked(self.site.name, _label(request.path), outcome, seconds)

    async def _probe(self) -> Fault | None:
        """Whether the site is ill: its fault, or None."""
        try:
            async with asyncio.timeout(PROBE_S):
                await self._exchange.send_untraced(self._probe_request)
        except TimeoutError:
            return Fault(f"timed out after {seconds(PROBE_S)}", kind="timeout")
        except Fault as fault:
            return fault if fault.health == "bad" else None
        return None

    def _circuit_changed(self, circuit: CircuitState) -> None:
        self._observer.breaker(self.site.name, circuit.state)
        if circuit.state == "open" and circuit.failures == 1:
            self._in_flight.end_sent_before(self._loop.time() - PROBE_S)
            logger.warning(
                "site %s is ill and not asked until it answers a probe: %s",
                self.site.name,
                circuit.last,
            )
        elif circuit.state == "closed":
            logger.info("site %s answers again", self.site.name)

    def _decoded(self, cached: Cached, scope: MemoryScope) -> JsonObject | None:
        """The cached answer; None: it cannot be read, which is as if there were none."""
        reservation = self.hold(scope)
        try:
            raw = bytes(cached.value)
            reservation.reserve(weight(raw))
            data = orjson.loads(raw)
        except (Fault, orjson.JSONDecodeError):
            return None
        return data if isinstance(data, dict) else None

    def _key(self, request: SiteRequest) -> bytes:
        digest = self._digest.copy()
        digest.update(request.path.encode())
        if request.content is not None:
            digest.update(b"\n" + request.content)
        return digest.digest()


@lru_cache(maxsize=64)
def _label(path: str) -> str:
    """The path as metrics name it: without ids, and without what stands below them but one word."""
    shown = _ENTRY_PATH.sub("/entries/{entry_id}", path.partition("?")[0])
    first, found, below = _ID_PATH.sub(r"/\1/{id}", shown).partition("}")
    word, *more = below.split("/")[1:] or [""]
    rest = f"/{word}" if word else ""
    if more:
        rest += "/query" if more == ["query"] else "/.."
    return f"{first}{found}{rest}"


def _probe_request(probe: tuple[str, JsonObject] | None, *, token: str | None) -> SiteRequest:
    limit = 1024 * 1024
    if probe is None:
        return SiteRequest("GET", "/info", None, limit=limit, token=token)
    path, body = probe
    return SiteRequest("POST", path, orjson.dumps(body), limit=limit, token=token)
