"""One site's client: a request in, its answer out, or a SiteError; nothing else escapes.

A request looks in the cache, then joins an equal one in flight, then goes to the site; if the site
fails, an older cached answer may serve, where `stale_s` allows it. Circuit breaker, slots, rate and
retries cost a branch each until they are needed.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import httpx
import orjson

from gateway.fetch.cache.answers import AnswerCache, ArchiveKey, Cached, fingerprint
from gateway.fetch.http.coalescing import CoalescedRequests
from gateway.fetch.http.exchange import Exchange, Received
from gateway.fetch.http.faults import Fault
from gateway.fetch.http.memory_budget import MemoryBudget, MemoryScope, Reservation
from gateway.fetch.http.passing import PassedAnswer, PassingOn
from gateway.fetch.http.request import (
    Method,
    RequestOptions,
    SiteRequest,
    checked_token,
    sendable,
)
from gateway.fetch.http.resilience.circuit_breaker import CircuitState
from gateway.fetch.http.resilience.rate_limits import Slots
from gateway.fetch.http.resilience.retry import Retry, Sleep
from gateway.fetch.http.resilience.single_flight import InFlight, SingleFlight
from gateway.fetch.http.sending import Result, Sender, probe_request
from gateway.fetch.http.telemetry.observer import Outcome, Silent, SiteObserver
from gateway.fetch.http.telemetry.path_labels import path_label
from gateway.fetch.http.wire.transport import HttpxTransport, Transport, open_transport
from gateway.fetch.http.wire.weight import weight
from gateway.model import JsonObject, Site

AnswerState: TypeAlias = Literal["ok", "cached", "stale"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site says. `data` is shared between equal requests: read it, do not change it."""

    data: JsonObject
    state: AnswerState


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
        self._observer: SiteObserver = observer or Silent()
        self._transport: Transport = (
            open_transport(site) if transport is None else HttpxTransport(transport, site=site)
        )
        self._token = checked_token(site.token)
        self._digest = cache.key_maker(site, identity=fingerprint(site.token))
        self._in_flight: SingleFlight[Result] = SingleFlight(lambda: self._slots.are_wanted)
        self._slots = Slots(
            concurrency=site.concurrency,
            rate_per_s=site.rate_per_s,
            free_one=self._in_flight.end_oldest_late,
            waiting=lambda more: self._observer.site_waiting(site.name, more),
        )
        self._observer.site_waiting(site.name, 0)  # the metric is there before anybody waits
        retry = Retry(attempts=site.attempts, sleep=sleep, uniform=uniform)
        self._sender = Sender(
            site,
            exchange=Exchange(site, transport=self._transport, budget=self._budget),
            slots=self._slots,
            retry=retry,
            in_flight=self._in_flight,
            probe=probe_request(probe, token=self._token),
            observer=self._observer,
            clock=clock,
            sleep=sleep,
        )
        self._circuit = self._sender.circuit
        self._coalesced = CoalescedRequests(
            site, in_flight=self._in_flight, circuit=self._circuit, observer=self._observer
        )
        self._passing_on = PassingOn(
            site, self._transport, self._slots, self._circuit, retry, self._passed
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
        is_large = scope.is_large(self.site.name)
        reservation = self._budget.reserve(self.site.name, is_large=is_large)
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
        return self._unless_fault(await self._answer(request, options, keep), doing=doing)

    async def get(self, path: str, *, doing: str, options: RequestOptions) -> Answer:
        """The answer at `path` below the site's API address."""
        try:
            request = self._request("GET", path, None, options)
        except Fault as fault:
            raise fault.error(self.site.name, doing=doing) from None
        return self._unless_fault(await self._answer(request, options, None), doing=doing)

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
        token = options.token if self.is_private(options) else self._token
        try:
            request = self._request(method, path, content, options)
            if not with_token and not self.is_private(options):
                request = replace(request, token=None)
            request = replace(request, content_type=content_type, accept="*/*")
            return await self._passing_on.open(request, deadline=options.deadline)
        except Fault as fault:
            fault.tidy(token)
            raise fault.error(self.site.name, doing=doing) from None

    def _passed(self, request: SiteRequest, outcome: Outcome, seconds: float) -> None:
        self._observer.asked(self.site.name, path_label(request.path), outcome, seconds)

    async def close(self) -> None:
        """End the requests under way and close all connections."""
        await self._circuit.close()
        await self._in_flight.close()
        await self._transport.aclose()

    def _unless_fault(self, result: Answer | Fault, *, doing: str) -> Answer:
        if isinstance(result, Fault):
            raise result.error(self.site.name, doing=doing)
        return result

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
            client=options.client,
            is_large=options.scope.is_large(self.site.name),
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
        result = await self._coalesced.answer(
            request,
            key,
            options,
            send=lambda in_flight: self._sent(request, in_flight, key=key, keep=keep),
        )
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

    async def _sent(
        self,
        request: SiteRequest,
        in_flight: InFlight[Result],
        *,
        key: bytes | None,
        keep: Keep | None,
    ) -> Result:
        """What the site says; it is cached, and kept where nobody waits for it any more."""
        result = await self._sender.send(request, in_flight)
        if isinstance(result, Received):
            if key is not None and self._cache.keeps_answers:
                self._cache.keep(key, result.raw, is_late=not in_flight.waiting)
            if keep is not None and not in_flight.waiting:
                keep(result.data)
        return result

    def _decoded(self, cached: Cached, scope: MemoryScope) -> JsonObject | None:
        """The cached answer; None: it cannot be read, which is as if there were none."""
        reservation = self.hold(scope)
        try:
            raw = bytes(cached.value)
            weighed = weight(raw)
            reservation.reserve(weighed.decoding)
            data = orjson.loads(raw)
            reservation.give_back(weighed.decoding - weighed.kept)
        except (Fault, orjson.JSONDecodeError):
            return None
        return data if isinstance(data, dict) else None

    def _key(self, request: SiteRequest) -> bytes:
        digest = self._digest.copy()
        digest.update(request.path.encode())
        if request.content is not None:
            digest.update(b"\n" + request.content)
        return digest.digest()
