"""What happened is told in words of a person, whatever was raised; nothing foreign leaks in."""

import errno
import socket
import ssl

import httpx
import pytest

from gateway.errors import AnswerTooLargeError
from gateway.fetch.http.error_mapping import (
    TRANSPORT_ERRORS,
    retry_after_s,
    status_fault,
    transport_fault,
)
from gateway.fetch.http.faults import MAX_FOREIGN_SHOWN, Fault, seconds, size
from gateway.fetch.http.wire.connection import DroppedError

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("0", 0),
        ("7", 7),
        (" 7 ", 7),
        ("1.5", 1.5),
        ("999999999", 3600),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30),
        ("Tue, 14 Nov 2023 23:13:50 +0100", 30),
        ("Tue, 14 Nov 2023 22:13:50 -0000", 30),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("1e9", None),
        ("Tue, 99 Nov 2023 22:13:50 GMT", None),
        ("Tue, 14 Nov 99999999999 22:13:50 GMT", None),
    ],
)
def test_retry_after_in_seconds_and_dates(value, wait_s):
    """Both forms of RFC 9110; what cannot be read is as if it were not there; an hour at most."""
    assert retry_after_s(value, now=NOW) == wait_s


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.8, "3.8 s"),
        (2.0, "2 s"),
        (0.97, "1 s"),
        (0.25, "0.25 s"),
        (0.1, "0.1 s"),
        (0, "0 s"),
        (120, "120 s"),
        (10, "10 s"),
    ],
)
def test_seconds(value, text):
    """Durations are short to read."""
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(2**26, "64 MiB"), (2**19, "512 KiB"), (100, "100 bytes"), (3 * 2**19, "1.5 MiB")],
)
def test_size(value, text):
    """Sizes are short to read."""
    assert size(value) == text


def behind(outer, cause):
    outer.__cause__ = cause
    return outer


@pytest.mark.parametrize(
    ("error", "happened", "may_pass"),
    [
        (
            behind(httpx.ConnectError("secret"), ConnectionRefusedError(errno.ECONNREFUSED, "x")),
            "connection refused",
            True,
        ),
        (
            behind(httpx.ConnectError("secret"), OSError(errno.EHOSTUNREACH, "x")),
            "no route to host",
            True,
        ),
        (
            behind(httpx.ConnectError("secret"), OSError("Multiple exceptions: secret")),
            "connection failed",
            True,
        ),
        (
            behind(httpx.ConnectError("secret"), socket.gaierror(-2, "x")),
            "its host name cannot be resolved",
            True,
        ),
        (
            behind(httpx.ConnectError("secret"), ssl.SSLError(1, "x")),
            "the TLS handshake failed",
            False,
        ),
        (DroppedError("x"), "the connection was closed before an answer came", True),
        (httpx.ConnectError("secret"), "connection failed", True),
        (httpx.ConnectTimeout("secret"), "timed out after 2 s while connecting", False),
        (httpx.PoolTimeout("secret"), "timed out after 2 s while connecting", False),
        (httpx.ReadTimeout("secret"), "timed out", False),
        (httpx.ReadError("secret"), "the connection broke in the middle of the answer", True),
        (
            httpx.RemoteProtocolError("secret"),
            "the connection was closed before an answer came",
            True,
        ),
        (
            ConnectionResetError(errno.ECONNRESET, "x"),
            "the connection was closed before an answer came",
            True,
        ),
        (TimeoutError(), "timed out", False),
        (ValueError("secret header"), "the request cannot be sent", False),
        (RuntimeError("Session is closed"), "the request cannot be sent", False),
        (httpx.InvalidURL("secret"), "the request cannot be sent", False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_errors_of_the_transport(error, happened, may_pass):
    """Nothing is taken from their texts, which may hold addresses."""
    assert isinstance(error, TRANSPORT_ERRORS)
    fault = transport_fault(error, connect_s=2.0)
    assert (fault.happened, fault.may_pass) == (happened, may_pass)


HTML = b"<html><body><h1>It works!</h1></body></html>"


@pytest.mark.parametrize(
    ("status", "body", "content_type", "happened"),
    [
        (
            422,
            b'{"detail":[{"loc":["query"],"msg":"not a doc quantity"}]}',
            "application/json",
            "HTTP 422: not a doc quantity",
        ),
        (
            422,
            b'{"detail":[{"msg":"a"},{"msg":"a"},{"msg":"b"}]}',
            "application/json",
            "HTTP 422: a; b",
        ),
        (400, b'{"detail":"too deep"}', "application/json; charset=utf-8", "HTTP 400: too deep"),
        (
            500,
            b'{"detail":{"reason":"KeyError","exception":"Traceback .."}}',
            "application/json",
            "HTTP 500: KeyError",
        ),
        (500, b'{"detail":{}}', "application/json", "HTTP 500 Internal Server Error"),
        (500, b'{"detail":[1, null, {}]}', "application/json", "HTTP 500 Internal Server Error"),
        (500, b'["detail"]', "application/json", "HTTP 500 Internal Server Error"),
        (500, b"not json", "application/json", "HTTP 500 Internal Server Error"),
        (500, b"\xff\xfe", "application/json", "HTTP 500 Internal Server Error"),
        (502, HTML, "text/html", "HTTP 502 Bad Gateway"),
        (503, b"Slow down,\r\n\x1b[31mplease", "text/plain", "HTTP 503: Slow down, [31mplease"),
        (500, b"x" * 1000, "text/plain", "HTTP 500: " + "x" * (MAX_FOREIGN_SHOWN - 1) + "…"),
        (418, b"", "", "HTTP 418 I'm a Teapot"),
        (599, b"", "", "HTTP 599"),
        (204, b"", "", "HTTP 204 No Content"),
    ],
)
def test_what_a_status_says(status, body, content_type, happened):
    """NOMAD's `detail` in short, without control characters; no markup."""
    headers = {"content-type": content_type}
    fault = status_fault(status, headers=headers, body=body, archive=False, token=None, now=NOW)
    assert fault.happened == happened
    assert fault.status == status


@pytest.mark.parametrize(
    ("status", "archive", "health", "may_pass", "refused"),
    [
        (400, False, "good", False, True),
        (401, False, "good", False, True),
        (403, False, "good", False, True),
        (404, False, "good", False, True),
        (422, False, "good", False, True),
        (429, False, "bad", True, False),
        (500, False, "bad", False, False),
        (500, True, "good", False, False),
        (501, True, "bad", False, False),
        (502, True, "bad", True, False),
        (503, False, "bad", True, False),
        (504, False, "bad", True, False),
        (204, False, "bad", False, False),
        (303, False, "bad", False, False),
    ],
)
def test_what_follows_from_a_status(status, archive, health, may_pass, refused):
    """A refusal is an answer of a healthy site; so is the 500 of a broken archive."""
    fault = status_fault(status, headers={}, body=b"", archive=archive, token=None, now=NOW)
    assert (fault.health, fault.may_pass, fault.refused) == (health, may_pass, refused)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_said(status):
    """With a token sent, the text says so instead of the site's words."""
    headers = {"content-type": "application/json"}
    body = b'{"detail":"Authentication required"}'
    answer = {"headers": headers, "body": body, "archive": False, "now": NOW}
    fault = status_fault(status, token="geheim", **answer)
    assert fault.happened == f"HTTP {status}: the token that was sent is not accepted there"
    assert fault.refused
    fault = status_fault(status, token=None, **answer)
    assert fault.happened == f"HTTP {status}: Authentication required"


@pytest.mark.parametrize(
    ("happened", "tidied"),
    [
        ("HTTP 500: I saw Ge.heim, ge.heim and geXheim", "HTTP 500: I saw …, … and geXheim"),
        ("x" * 300, "x" * 239 + "…"),
        ("x" * 235 + " ge.heim", "x" * 235 + " …"),
    ],
)
def test_texts_are_tidied(happened, tidied):
    """A site that sends our token back does not make us publish it, not even a part of it."""
    fault = Fault(happened)
    fault.tidy("ge.heim")
    assert fault.happened == tidied
    fault.tidy(None)
    assert fault.happened == tidied


def test_the_error_that_leaves():
    """A fault becomes a SiteError with all that its receiver needs."""
    fault = Fault("HTTP 503", may_pass=True, retry_after_s=5.0, status=503)
    error = fault.error("oasis-b", doing="read page of entries")
    assert str(error) == "read page of entries from oasis-b: HTTP 503"
    assert (error.status, error.retry_after_s, error.refused) == (503, 5.0, False)
    assert isinstance(Fault("x", too_large=True).error("b", doing="y"), AnswerTooLargeError)
