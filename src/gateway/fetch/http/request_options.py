"""How a caller wants one question answered: options in, the question and its bounds out."""

import re
from dataclasses import dataclass
from typing import Literal, TypedDict

from gateway.fetch.http.exchange import Question
from gateway.fetch.http.faults import Fault
from gateway.model import Site

MAX_REQUEST_ID = 128
MARGIN_S = 0.03
"""How much earlier than its caller's deadline a question ends, so that it can say why."""
_SENDABLE = re.compile(r"[\x21-\x7e]+")
"""Tokens and request ids that fit into a header."""


class Options(TypedDict, total=False):
    """How one question is to be answered; all of it may be left out."""

    within_s: float | None
    """The caller's time; the site's own deadlines hold in any case."""
    token: str | None
    """The caller's own token: it is used only where the site is configured for it, and such answers
    are neither kept nor shared."""
    fresh: bool
    """Ask anew, and keep the answer for others."""
    request_id: str
    cache_s: float | None
    """Age up to which a kept answer will do. None: as configured; 0: none is read, none kept."""
    max_bytes: int | None
    """Makes the site's limit on answers smaller."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A question and how it is to be answered."""

    question: Question
    key: str | None
    """None: asked with the caller's own token, so neither kept nor shared."""
    within_s: float
    fresh: bool
    fresh_s: float

    @property
    def is_kept(self) -> bool:
        """Whether the answer may be kept."""
        return self.key is not None and self.fresh_s > 0

    @property
    def flight(self) -> str | None:
        """What questions have in common that are asked once; None: nothing."""
        return f"{self.key} {self.question.limit} {self.fresh}" if self.key is not None else None


def is_private(site: Site, options: Options) -> bool:
    """Whether the caller's own token goes along."""
    return bool(options.get("token")) and site.forward_token


def question_of(
    site: Site,
    method: Literal["GET", "POST"],
    path: str,
    content: bytes | None,
    *,
    options: Options,
) -> Question:
    """What goes to the site; a token that no header can hold is a fault."""
    allowed, wanted = site.max_answer_bytes, options.get("max_bytes")
    return Question(
        method,
        path,
        content,
        limit=allowed if wanted is None else min(wanted, allowed),
        token=_checked(options.get("token") if is_private(site, options) else site.token),
        request_id=_sendable(options.get("request_id", "")),
    )


def wish_of(
    site: Site, question: Question, key: str | None, *, options: Options, fresh_s: float
) -> Wish:
    """The wish for `question`; `fresh_s` is how long answers are fresh by default."""
    longest_s = site.total_s + MARGIN_S
    within_s, cache_s = options.get("within_s"), options.get("cache_s")
    return Wish(
        question,
        key,
        within_s=longest_s if within_s is None else min(within_s, longest_s),
        fresh=options.get("fresh", False),
        fresh_s=fresh_s if cache_s is None else cache_s,
    )


def _checked(token: str | None) -> str | None:
    """The token; None: there is none."""
    if token and not _SENDABLE.fullmatch(token):
        raise Fault("not asked: its token has characters no header can hold", health="unknown")
    return token or None


def _sendable(request_id: str) -> str:
    """The request id, or nothing in place of one that could write headers."""
    fits = len(request_id) <= MAX_REQUEST_ID and _SENDABLE.fullmatch(request_id)
    return request_id if fits else ""
