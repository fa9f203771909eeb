"""One request to an OPTIMADE server: its document, or what went wrong in words of the command line.

What may pass (no connection, 429, 5xx) is asked again, after the time that the server names.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

import httpx
import orjson
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from gateway.cli.tables import printable
from gateway.errors import GatewayError, RequestError
from gateway.model import JsonObject
from gateway.search import Federation

READ_S = 90.0
_WAIT_S = (1.0, 2.0, 4.0, 8.0)
"""Before each further attempt, where the server does not say."""
_LONGEST_WAIT_S = 120.0
VERSIONED = re.compile(r"/v\d+(\.\d+)*$")
"""The end of a base URL that names a version of the API."""
_PASSING = (429, 500, 502, 503, 504)
_OPTIONS = {
    "response_fields": "--fields",
    "page_limit": "--limit",
    "page_cursor": "--resume",
    "sort": "--sort",
    "sites": "--sites",
    "filter": "FILTER",
}
"""What the command line calls a parameter."""


class AgainError(GatewayError):
    """It may be answered later; `retry_after_s` None: the server does not say when."""

    def __init__(self, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class NotOptimadeError(GatewayError):
    """What answers is something else."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server, and how it is asked."""

    client: httpx.AsyncClient
    base: str
    """Its versioned base URL, without a trailing slash."""
    prefix: str = ""
    is_gateway: bool = False
    """Whether it is this program, with its own parameters and parts of `meta`."""
    federation: Federation | None = None
    """The federation that it serves, where both run in this process."""
    retries: int = 3
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @property
    def root(self) -> str:
        """The unversioned base URL."""
        return VERSIONED.sub("", self.base)

    async def document(self, url: str, *, fresh: bool = False) -> JsonObject:
        """The document at a URL; RequestError where the request is wrong, else GatewayError."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(AgainError),
            wait=_wait_s,
            stop=stop_after_attempt(1 + self.retries),
            sleep=self.sleep,
            reraise=True,
        )
        return await retrying(self._once, url, fresh)

    async def _once(self, url: str, fresh: bool) -> JsonObject:
        headers = {"Cache-Control": "no-cache"} if fresh else {}
        try:
            response = await self.client.get(url, headers=headers)
        except httpx.HTTPError as error:
            what = str(error) or type(error).__name__
            raise AgainError(f"{_shown(url)} does not answer: {what}") from error
        return _read(response, self.prefix, is_gateway=self.is_gateway)


def _read(response: httpx.Response, prefix: str, *, is_gateway: bool) -> JsonObject:
    try:
        document = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        document = None
    status = response.status_code
    if status == HTTPStatus.OK and isinstance(document, dict) and not document.get("errors"):
        return document
    url = _shown(str(response.url))
    message = _message(document, prefix)
    if not message or not is_gateway:  # a gateway says by itself what was wrong, and where
        answered = f"{url} answered {status} {response.reason_phrase}".rstrip()
        message = f"{answered}: {message}" if message else answered
    if status in _PASSING:
        raise AgainError(message, retry_after_s=_seconds(response.headers.get("retry-after", "")))
    if status == HTTPStatus.OK and not isinstance(document, dict):
        raise NotOptimadeError(f"{url} answered with something else than JSON")
    raise RequestError(message) if status != HTTPStatus.OK else GatewayError(message)


def _message(document: object, prefix: str) -> str:
    """What the server's errors say, with the names of options in place of parameters."""
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(errors, list):
        return ""
    message = [_sentence(one, prefix) for one in errors if isinstance(one, dict)]
    return "; ".join(dict.fromkeys(filter(None, message)))


def _sentence(error: JsonObject, prefix: str) -> str:
    detail = printable(" ".join(str(error.get("detail") or error.get("title") or "").split()))
    source = error.get("source")
    parameter = source.get("parameter") if isinstance(source, dict) else None
    name = str(parameter).removeprefix(f"_{prefix}_") if parameter else ""
    option = _OPTIONS.get(name, "")
    worded = in_options(detail, prefix)
    named = option and option != "FILTER" and option not in worded
    return f"{option}: {worded}" if named else worded


def in_options(text: str, prefix: str) -> str:
    """A text with the names of options in place of those of parameters."""
    text = text.replace(f"_{prefix}_sites", "--sites")
    for name in ("response_fields", "page_limit", "page_cursor"):
        text = re.sub(rf"(?<![\w-]){name}\b", _OPTIONS[name], text)
    return re.sub(r"^sort\b", "--sort", text)


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked_s = error.retry_after_s if isinstance(error, AgainError) else None
    own_s = _WAIT_S[min(state.attempt_number, len(_WAIT_S)) - 1]
    return min(own_s if asked_s is None else asked_s, _LONGEST_WAIT_S)


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,6}", text) else None


def _shown(url: str) -> str:
    """Without the query, which can be long."""
    return url.partition("?")[0]
