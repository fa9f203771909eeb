"""What went wrong between the gateway and one site, in words for a person, and what follows.

A `Fault` is raised and passed on within `fetch`; what leaves it is a SiteError.
"""

import re
from typing import Literal, TypeAlias

import orjson

from gateway.errors import AnswerTooLargeError, SiteError
from gateway.model import Json

Health: TypeAlias = Literal["good", "bad", "unknown"]
"""What a fault says of the site: healthy, perhaps unhealthy, or nothing (the fault is ours)."""

FaultKind: TypeAlias = Literal["failed", "timeout", "circuit_open"]

UNEXPECTED = "its answer could not be processed; the log says why"
"""What happened where our own code raised an unexpected error."""

MAX_TEXT = 240
MAX_FOREIGN = 4096
"""Characters of foreign text that are looked at."""
MAX_FOREIGN_SHOWN = 120
"""Characters of a site's own words that callers are shown: enough for NOMAD's messages, too little
for a stack trace or a configuration that an error page may hold."""
_NOT_PRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f]+")


class Fault(Exception):  # noqa: N818 - within fetch it is a value as often
    """One request failed: what happened, and what follows from it."""

    def __init__(
        self,
        happened: str,
        *,
        may_pass: bool = False,
        health: Health = "bad",
        retry_after_s: float | None = None,
        status: int | None = None,
        too_large: bool = False,
        kind: FaultKind = "failed",
        detail: Json = None,
    ) -> None:
        super().__init__(happened)
        self.happened = happened
        self.may_pass = may_pass
        """Whether the same request may succeed a moment later."""
        self.health: Health = health
        self.retry_after_s = retry_after_s
        self.status = status
        self.too_large = too_large
        self.kind: FaultKind = kind
        self.detail = detail
        """The `detail` of a refusal, as the site sent it; None: there is none."""

    @property
    def refused(self) -> bool:
        """Whether the site says that the request itself is wrong."""
        return self.status is not None and 400 <= self.status < 500 and not self.may_pass

    def tidy(self, token: str | None) -> None:
        """Remove the token from the text, wherever the site sent it back; then cut it to size."""
        self.happened = shortened(without_token(self.happened, token), MAX_TEXT)
        if token and self.detail is not None:
            text = orjson.dumps(self.detail).decode()
            self.detail = self.detail if without_token(text, token) == text else self.happened

    def as_value(self) -> "Fault":
        """Itself, without the frames in which it was raised: they hold what was read, megabytes
        that nobody counts any more."""
        self.__context__ = None
        return self.with_traceback(None)

    def error(self, site: str, *, doing: str) -> SiteError:
        """The error that tells a caller of this fault."""
        kind = AnswerTooLargeError if self.too_large else SiteError
        return kind(
            site,
            doing=doing,
            happened=self.happened,
            retry_after_s=self.retry_after_s,
            refused=self.refused,
            status=self.status,
            circuit_open=self.kind == "circuit_open",
            is_timeout=self.kind == "timeout",
            detail=self.detail,
        )


def too_large(limit: int, *, health: Health) -> Fault:
    """The answer is larger than `limit` bytes."""
    return Fault(f"the answer is larger than {size(limit)}", health=health, too_large=True)


def seconds(value: float) -> str:
    """`3.8 s`, `12 s`, `0.25 s`."""
    digits = f"{value:.1f}" if value >= 0.5 else f"{value:.2f}"
    return f"{digits.rstrip('0').rstrip('.') or '0'} s"


def size(value: int) -> str:
    """`64 MiB`, `512 KiB` or `100 bytes`."""
    for unit, step in (("MiB", 2**20), ("KiB", 2**10)):
        if value >= step:
            return f"{value / step:.3g} {unit}"
    return f"{value} bytes"


def plain(text: str) -> str:
    """Foreign text for one line of ours, without control characters."""
    return _NOT_PRINTABLE.sub(" ", text[:MAX_FOREIGN]).strip()


def quoted(text: str, *, token: str | None = None) -> str:
    """A site's own words as far as callers are shown them; the token goes before the cut, which
    could leave half of it."""
    return shortened(plain(without_token(text, token)), MAX_FOREIGN_SHOWN)


def without_token(text: str, token: str | None) -> str:
    """The text with an ellipsis in place of the token, in whatever case it is spelt."""
    return re.sub(re.escape(token), "…", text, flags=re.IGNORECASE) if token else text


def shortened(text: str, most: int) -> str:
    """The text, cut with an ellipsis where it is longer than `most` characters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
