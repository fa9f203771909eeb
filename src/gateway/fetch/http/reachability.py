"""One request to an address that may not be a site's at all: what answers there, or what is wrong.

For `gateway init` and `gateway check`, which have to say what to do about it. Redirects are not
followed, nothing is retried or cached; the site's client is for everything else.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias

import httpx

from gateway.fetch.http.error_mapping import TRANSPORT_ERRORS, cause_of, transport_fault
from gateway.fetch.http.wire.transport import USER_AGENT, trust
from gateway.model import JsonObject, Site

MAX_BODY_BYTES = 1024 * 1024
"""Of an answer that is read; `/info` of a NOMAD has up to 240 kB."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
WAIT_S = 10.0

Trouble: TypeAlias = Literal[
    "dns", "refused", "timeout", "closed", "no_tls", "tls", "self_signed", "unknown_issuer",
    "expired", "other_name", "certificate", "unreachable",
]  # fmt: skip
"""Why nothing answers. `no_tls`: something does, but without TLS."""
_CERTIFICATE_TROUBLES: Mapping[int, Trouble] = {
    9: "expired",  # not valid yet
    10: "expired",
    18: "self_signed",
    19: "unknown_issuer",
    20: "unknown_issuer",
    21: "unknown_issuer",
    62: "other_name",
    64: "other_name",
}
"""By OpenSSL's codes (X509_V_ERR_..)."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Something answered."""

    url: str
    status: int
    media_type: str = ""
    body: bytes = b""
    """Its beginning, if it is long."""
    location: str | None = None
    """Where it redirects to, as an absolute address; None: it does not."""
    clock_ahead_s: float | None = None
    """How far its clock is ahead of ours; None: it does not say."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nothing answered."""

    url: str
    trouble: Trouble
    happened: str
    """In words."""


async def reach(
    site: Site,
    path: str,
    *,
    content: JsonObject | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    wait_s: float = WAIT_S,
) -> Reached | Unreachable:
    """What answers at `path` below the site's address: GET, or POST of `content` as JSON."""
    url = site.url + path
    headers = {"Accept": "application/json", "User-Agent": USER_AGENT}
    if site.token:
        headers["Authorization"] = f"Bearer {site.token}"
    method = "GET" if content is None else "POST"
    waits = dict.fromkeys(("read", "write"), wait_s) | dict.fromkeys(
        ("connect", "pool"), site.connect_s
    )
    async with transport or _transport(site) as opened:
        try:
            request = httpx.Request(
                method, url, headers=headers, json=content, extensions={"timeout": waits}
            )
            async with asyncio.timeout(site.connect_s + wait_s):
                return await _sent(opened, request)
        except TRANSPORT_ERRORS as error:
            happened = transport_fault(error, connect_s=site.connect_s).happened
            return Unreachable(url, _trouble(error), happened)


async def _sent(transport: httpx.AsyncBaseTransport, request: httpx.Request) -> Reached:
    sent = time.time()
    response = await transport.handle_async_request(request)
    now = (sent + time.time()) / 2
    try:
        body = b""
        async for piece in response.aiter_bytes(64 * 1024):
            body += piece
            if len(body) >= MAX_BODY_BYTES:
                break
    finally:
        await response.aclose()
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Reached(
        str(request.url),
        response.status_code,
        media_type,
        body,
        _location(request.url, response),
        _clock_ahead_s(response.headers, now),
    )


def _transport(site: Site) -> httpx.AsyncBaseTransport:
    proxy = httpx.Proxy(site.proxy) if site.proxy else None
    return httpx.AsyncHTTPTransport(verify=trust(site), proxy=proxy, trust_env=False)


def _location(asked: httpx.URL, response: httpx.Response) -> str | None:
    location = response.headers.get("location")
    if response.status_code not in REDIRECTS or location is None:
        return None
    try:
        return str(asked.join(location))
    except (httpx.InvalidURL, ValueError):
        return None


def _clock_ahead_s(headers: httpx.Headers, now: float) -> float | None:
    try:
        date = parsedate_to_datetime(headers["date"]).timestamp()
        return date + float(headers.get("age", "0")) - now
    except (KeyError, ValueError, TypeError, OverflowError, IndexError):
        return None


def _trouble(error: Exception) -> Trouble:
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "timeout"
    match cause_of(error):
        case ssl.SSLCertVerificationError() as cause:
            return _CERTIFICATE_TROUBLES.get(cause.verify_code, "certificate")
        case ssl.SSLError() as cause:
            is_plain = cause.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
            return "no_tls" if is_plain else "tls"
        case socket.gaierror():
            return "dns"
        case ConnectionRefusedError():
            return "refused"
    is_cut = isinstance(error, httpx.ReadError | httpx.RemoteProtocolError)
    return "closed" if is_cut else "unreachable"
