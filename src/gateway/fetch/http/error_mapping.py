"""What an error of the transport or an HTTP status means, as a `Fault`."""

import errno
import os
import re
import ssl
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from socket import gaierror

import httpx
import orjson

from gateway.fetch.http.faults import Fault, plain, quoted, seconds
from gateway.model import Json

TRANSPORT_ERRORS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    OSError,
    ValueError,  # of codecs, on headers that cannot be sent
    RuntimeError,  # of asyncio, on a transport that is closed
)
PASSING_STATUSES = frozenset({429, 502, 503, 504})
MAX_RETRY_AFTER_S = 3600.0


def transport_fault(error: Exception, *, connect_s: float) -> Fault:
    """What an exception of the transport means.

    Nothing is taken from its text, which may hold addresses and headers.
    """
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return Fault(f"timed out after {seconds(connect_s)} while connecting", kind="timeout")
        case httpx.TimeoutException() | TimeoutError():
            return Fault("timed out", kind="timeout")
        case httpx.ProxyError():
            return Fault("the proxy refuses to connect", may_pass=True)
        case httpx.ConnectError():
            return _connect_fault(error)
        case httpx.ReadError():
            return Fault("the connection broke in the middle of the answer", may_pass=True)
        case httpx.RemoteProtocolError():
            return Fault("the connection was closed before an answer came", may_pass=True)
        case httpx.NetworkError() | OSError():
            return Fault("the connection was closed before an answer came", may_pass=True)
        case _:
            return Fault("the request cannot be sent", health="unknown")


def status_fault(
    status: int,
    *,
    headers: Mapping[str, str],
    body: bytes | bytearray,
    archive: bool,
    token: str | None,
    now: float,
) -> Fault:
    """What an answer with another status than 200 means.

    `archive`: the request was for archives, of which a single broken one makes NOMAD answer 500.
    """
    text = quoted(_error_text(body, headers.get("content-type", "")), token=token)
    happened = f"HTTP {status}: {text}" if text else f"HTTP {status}{_phrase(status)}"
    if status in (401, 403) and token:
        happened = f"HTTP {status}: the token that was sent is not accepted there"
    if status in PASSING_STATUSES:
        wait_s = retry_after_s(headers.get("retry-after"), now=now)
        return Fault(happened, may_pass=True, retry_after_s=wait_s, status=status)
    if 400 <= status < 500 or (status == 500 and archive):
        return Fault(happened, health="good", status=status, detail=_json_detail(body))
    return Fault(happened, status=status)


def retry_after_s(value: str | None, *, now: float) -> float | None:
    """Seconds to wait as a Retry-After header says; None: it does not say, or not readably."""
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", text, re.ASCII):
        return min(float(text), MAX_RETRY_AFTER_S)
    try:
        date = parsedate_to_datetime(text)
        at = date if date.tzinfo else date.replace(tzinfo=UTC)
        return min(max(at.timestamp() - now, 0.0), MAX_RETRY_AFTER_S)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _connect_fault(error: httpx.ConnectError) -> Fault:
    match cause_of(error):
        case ssl.SSLCertVerificationError() as cause:
            why = f" ({plain(cause.verify_message)})" if cause.verify_message else ""
            return Fault(f"its TLS certificate is not trusted{why}")
        case ssl.SSLError():
            return Fault("the TLS handshake failed")
        case gaierror():
            return Fault("its host name cannot be resolved", may_pass=True)
        case OSError() as cause:
            return Fault(_os_reason(cause), may_pass=True)
        case _:
            return Fault("connection failed", may_pass=True)


def cause_of(error: BaseException) -> BaseException:
    """The operating system's error that caused an error of a library; else its first cause."""
    found: BaseException | None = error
    last = error
    while found is not None:
        last = found
        if isinstance(found, BaseExceptionGroup):
            found = found.exceptions[0]
        elif isinstance(found, OSError) and (found.errno or isinstance(found, ssl.SSLError)):
            return found
        else:
            found = found.__cause__ or found.__context__
    return last


def _os_reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError) or error.errno == errno.ECONNREFUSED:
        return "connection refused"
    return os.strerror(error.errno).lower() if error.errno else "connection failed"


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


def _error_text(body: bytes | bytearray, content_type: str) -> str:
    """What the site itself says of the error; empty: nothing that can be quoted."""
    if "json" in content_type:
        return _detail(body)
    return body.decode(errors="replace") if content_type.startswith("text/plain") else ""


def _detail(body: bytes | bytearray) -> str:
    """NOMAD's `detail`: a text, a list of `{msg, loc}`, or `{reason, exception}` of a crash."""
    match detail := _json_detail(body):
        case str():
            return detail
        case list():
            return "; ".join(dict.fromkeys(text for part in detail[:5] if (text := _part(part))))
        case dict():
            return _part(detail)
        case _:
            return ""


def _json_detail(body: bytes | bytearray) -> Json:
    """The `detail` of an error document; None: it is none."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return data.get("detail") if isinstance(data, dict) else None


def _part(part: object) -> str:
    if isinstance(part, dict):
        for name in ("msg", "reason", "exception"):
            if isinstance(text := part.get(name), str):
                return text
    return part if isinstance(part, str) else ""
