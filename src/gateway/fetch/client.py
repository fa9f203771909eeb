"""One site's client: a question in, its answer out, or a SiteError; nothing else escapes.

The way of a question: the cache, an equal one under way, the site; and if the site fails, an answer
kept from before, where a grace is configured.
"""

import asyncio
import logging
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import httpx
import orjson

from gateway.fetch.breaker import BreakerState
from gateway.fetch.cache import AnswerCache, BodyKey, Kept, canonical, fingerprint
from gateway.fetch.exchange import Answered, Exchange, Question
from gateway.fetch.faults import Fault, seconds
from gateway.fetch.flights import Deadline, Flights, GroundedError
from gateway.fetch.observer import Observer, Silent
from gateway.fetch.retry import Sleep
from gateway.fetch.room import Room
from gateway.fetch.sender import Sender
from gateway.model import JsonObject, Site

logger = logging.getLogger(__name__)

AnswerState: TypeAlias = Literal["ok", "cached", "stale"]

_SENDABLE = re.compile(r"[\x21-\x7e]+")
"""Tokens and request ids that fit into a header."""
MAX_REQUEST_ID = 128
MARGIN_S = 0.03
"""How much earlier than its caller's deadline a question ends, so that it can say why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site says. `data` is shared between equal questions: read it, do not change it."""

    data: JsonObject
    state: AnswerState
    milliseconds: float


@dataclass(frozen=True, slots=True)
class _Wish:
    """How a caller wants one question answered."""

    doing: str
    within_s: float
    fresh: bool
    fresh_s: float
    """Age up to which a kept answer will do; 0: none is looked up, none kept."""
    private: bool
    """Asked with the caller's own token: neither kept nor shared."""


class SiteClient:
    """Asks one site; made once per app, used in one event loop.

    `generation` is part of every cache key: set it to what changes when the site's answers do, e.g.
    its version. `room` bounds the memory of all clients that share it.
    """

    def __init__(
        self,
        site: Site,
        *,
        cache: AnswerCache,
        transport: httpx.AsyncBaseTransport | None = None,
        room: Room | None = None,
        observer: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.site = site
        self.generation = ""
        self._cache = cache
        self._clock = clock
        self._observer: Observer = observer or Silent()
        self._identity = fingerprint(site.token)
        self._rests = False
        self._flights: Flights[Answered | Fault] = Flights()
        self._exchange = Exchange(
            site, room=room or Room(), transport=transport, keep_bytes=cache.keep_bytes
        )
        self._sender = Sender(
            site,
            exchange=self._exchange,
            observer=self._observer,
            changed=self._breaker_changed,
            clock=clock,
            sleep=sleep,
            uniform=uniform,
        )

    @property
    def breaker(self) -> BreakerState:
        """Whether the site is asked at the moment, and why not."""
        return self._sender.breaker

    def body_key(self, entry_id: str, version: str) -> BodyKey:
        """The key of one of this site's public archives in the cache of bodies."""
        return BodyKey(f"{self.site.name} {self.site.url}", entry_id, version)

    async def ask(
        self,
        path: str,
        body: JsonObject,
        *,
        doing: str,
        within_s: float | None = None,
        token: str | None = None,
        fresh: bool = False,
        request_id: str = "",
        cache_s: float | None = None,
        max_bytes: int | None = None,
    ) -> Answer:
        """The answer to `body`, posted to `path`, within `within_s` and the site's own deadlines.

        `token` is the caller's: it is used only where the site is configured for it, and such
        answers are neither kept nor shared. `cache_s` None is the configured time, 0 keeps nothing.
        `max_bytes` makes the site's limit on answers smaller.
        """
        wish = self._wish(doing, within_s=within_s, token=token, fresh=fresh, cache_s=cache_s)
        try:
            question = Question(
                "POST",
                path,
                canonical(body),
                limit=self._limit(max_bytes),
                token=self._token(token, wish),
                request_id=_sendable_id(request_id),
            )
            return await self._answer(question, wish)
        except orjson.JSONEncodeError:
            fault = Fault("not asked: the question cannot be written as JSON", health="unknown")
        except Fault as known:
            fault = known
        raise fault.error(self.site.name, doing=doing) from None

    async def get(
        self,
        path: str,
        *,
        doing: str,
        within_s: float | None = None,
        token: str | None = None,
        fresh: bool = False,
        request_id: str = "",
        cache_s: float | None = None,
        max_bytes: int | None = None,
    ) -> Answer:
        """The answer at `path`; everything else as for `ask`."""
        wish = self._wish(doing, within_s=within_s, token=token, fresh=fresh, cache_s=cache_s)
        try:
            question = Question(
                "GET",
                path,
                None,
                limit=self._limit(max_bytes),
                token=self._token(token, wish),
                request_id=_sendable_id(request_id),
            )
            return await self._answer(question, wish)
        except Fault as known:
            fault = known
        raise fault.error(self.site.name, doing=doing) from None

    async def close(self) -> None:
        """End the questions under way and close all connections."""
        await self._flights.close()
        await self._exchange.close()

    async def _answer(self, question: Question, wish: _Wish) -> Answer:
        began = self._clock()
        until = asyncio.get_running_loop().time() + wish.within_s - MARGIN_S
        key = None if wish.private else self._key(question)
        kept = await self._find(key, wish)
        if kept is not None and kept.age_s <= wish.fresh_s and (data := _read(kept)) is not None:
            self._observer.cache(self.site.name, "hit")
            return Answer(data, "cached", self._since_ms(began))
        result = await self._join(key, question, wish, until=until)
        if isinstance(result, Answered):
            return Answer(result.data, "ok", self._since_ms(began))
        if kept is not None and self._may_be_stale(kept, wish, result):
            data = _read(kept)
            if data is not None:
                self._observer.cache(self.site.name, "stale")
                return Answer(data, "stale", self._since_ms(began))
        raise result

    async def _find(self, key: str | None, wish: _Wish) -> Kept | None:
        """What the cache holds, fresh or not; None: nothing, or it was not to be looked up."""
        if key is None or wish.fresh or wish.fresh_s <= 0:
            return None
        return await self._cache.find(key)

    async def _join(
        self, key: str | None, question: Question, wish: _Wish, *, until: float
    ) -> Answered | Fault:
        if wish.within_s <= MARGIN_S:
            return Fault("not asked: no time was left", health="unknown", kind="timeout")
        flight = f"{key} {question.limit} {wish.fresh}" if key is not None else None
        if key is not None and wish.fresh_s > 0:
            joined = self._flights.has(flight)
            self._observer.cache(self.site.name, "joined" if joined else "miss")
        try:
            return await self._flights.join(
                flight,
                lambda deadline: self._work(question, deadline, key=key, wish=wish),
                until=until,
                within_s=self.site.total_s,
            )
        except TimeoutError:
            happened = f"timed out after {seconds(wish.within_s)}"
            return Fault(happened, health="unknown", kind="timeout")
        except GroundedError:
            return Fault("not asked: the gateway is closing", health="unknown")

    async def _work(
        self, question: Question, deadline: Deadline, *, key: str | None, wish: _Wish
    ) -> Answered | Fault:
        result = await self._sender.send(question, deadline)
        raw = result.raw if isinstance(result, Answered) else None
        if raw is not None and key is not None and wish.fresh_s > 0:
            await self._cache.keep(key, raw, fresh_s=wish.fresh_s)
        return result

    def _may_be_stale(self, kept: Kept, wish: _Wish, fault: Fault) -> bool:
        return not fault.refused and kept.age_s <= wish.fresh_s + self._cache.stale_s

    def _key(self, question: Question) -> str:
        return self._cache.answer_key(
            self.site,
            generation=self.generation,
            identity=self._identity,
            path=question.path,
            content=question.content,
        )

    def _wish(
        self,
        doing: str,
        *,
        within_s: float | None,
        token: str | None,
        fresh: bool,
        cache_s: float | None,
    ) -> _Wish:
        total_s = self.site.total_s
        return _Wish(
            doing=doing,
            within_s=total_s + MARGIN_S if within_s is None else min(within_s, total_s + MARGIN_S),
            fresh=fresh,
            fresh_s=self._cache.answers_s if cache_s is None else cache_s,
            private=bool(token) and self.site.forward_token,
        )

    def _token(self, token: str | None, wish: _Wish) -> str | None:
        used = token if wish.private else self.site.token
        if used and not _SENDABLE.fullmatch(used):
            raise Fault("not asked: its token has characters no header can hold", health="unknown")
        return used or None

    def _limit(self, max_bytes: int | None) -> int:
        allowed = self.site.max_answer_bytes
        return allowed if max_bytes is None else min(max_bytes, allowed)

    def _since_ms(self, began: float) -> float:
        return (self._clock() - began) * 1000

    def _breaker_changed(self, breaker: BreakerState) -> None:
        self._observer.breaker(self.site.name, breaker.state)
        if breaker.state == "open" and not self._rests:
            self._rests = True
            last = breaker.last
            logger.warning("site %s fails and rests now and then; last: %s", self.site.name, last)
        elif breaker.state == "closed" and self._rests:
            self._rests = False
            logger.info("site %s answers again", self.site.name)


def _read(kept: Kept) -> JsonObject | None:
    """The kept answer; None: it cannot be read, which is as if there were none."""
    try:
        data = orjson.loads(kept.value)
    except orjson.JSONDecodeError:
        return None
    return data if isinstance(data, dict) else None


def _sendable_id(request_id: str) -> str:
    fits = len(request_id) <= MAX_REQUEST_ID and _SENDABLE.fullmatch(request_id)
    return request_id if fits else ""
