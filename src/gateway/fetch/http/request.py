"""What goes to one site, and what its caller allows: deadline, token, memory."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from gateway.fetch.http.faults import Fault
from gateway.fetch.http.memory_budget import MemoryScope

Method: TypeAlias = Literal["GET", "POST"]

MAX_REQUEST_ID = 128
_SENDABLE = re.compile(r"[\x21-\x7e]+")
"""Tokens and request ids that fit into a header."""


@dataclass(frozen=True, slots=True)
class SiteRequest:
    """One HTTP request to one site, without its connection."""

    method: Method
    path: str
    """Below the site's API address."""
    content: bytes | None
    limit: int
    """Decoded bytes that the answer may have."""
    token: str | None = field(default=None, repr=False)
    request_id: str = ""
    client: str = ""
    """On whose behalf: the site's slots are shared among clients."""
    content_type: str = "application/json"
    """Of what is sent."""
    accept: str = "application/json"
    is_large: bool = False
    """Whether the answer is part of a large one (`MemoryScope.is_large`)."""
    trace: Mapping[str, str] = field(default_factory=dict)
    """Headers that name the trace this request belongs to."""

    @property
    def is_for_archives(self) -> bool:
        """Whether archives are asked for, of which a single broken one gives HTTP 500."""
        return "/archive" in self.path


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """What all requests to sites on behalf of one caller share.

    `deadline` is one absolute moment in the event loop's time; None: the caller waits as long as
    the site's own limit allows (`Site.answer_s`), which streams do.
    """

    deadline: float | None
    scope: MemoryScope
    """Holds the memory of the answers until the caller's request has ended."""
    token: str | None = field(default=None, repr=False)
    """The caller's own token: used only where the site is configured for it, and such answers are
    neither cached nor shared."""
    fresh: bool = False
    """True: no cached answer will do; the new one is cached for others."""
    request_id: str = ""
    client: str = ""
    """Who the caller is, e.g. an address; empty: the gateway itself."""


def checked_token(token: str | None) -> str | None:
    """The token; None: there is none. One that no header can hold is a fault."""
    if token and not _SENDABLE.fullmatch(token):
        raise Fault("not asked: its token has characters no header can hold", health="unknown")
    return token or None


def sendable(request_id: str) -> str:
    """The request id, or nothing in place of one that could write headers."""
    fits = len(request_id) <= MAX_REQUEST_ID and _SENDABLE.fullmatch(request_id)
    return request_id if fits else ""
