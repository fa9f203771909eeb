"""The body of a POST: the same parameters as a query string, for filters too long for a URL."""

from starlette.requests import Request

from gateway.config.keys import CHARACTER_BYTES
from gateway.errors import TooLargeError
from gateway.merge import MAX_CURSOR
from gateway.serve.request.negotiation import check_form
from gateway.serve.request.query_string import OTHER_BYTES


def largest_form(filter_length: int) -> int:
    """Bytes that a form or query string with an allowed filter takes at most. Links may be as
    long, so that each of them can be requested."""
    return CHARACTER_BYTES * filter_length + MAX_CURSOR + OTHER_BYTES


async def read_form(request: Request, *, filter_length: int) -> bytes:
    """The body as it was sent, if it is a form and not larger than any allowed filter needs."""
    check_form(request.headers.get("content-type", ""))
    return await read_limited(request, most=largest_form(filter_length))


async def read_limited(request: Request, *, most: int) -> bytes:
    """The body as it was sent, if it is not larger."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLargeError(f"The body is larger than {most} bytes.")
    return bytes(body)
