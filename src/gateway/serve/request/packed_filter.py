"""A filter <-> a short text for links, so that the pages after a POST need no body.

The text holds the filter itself, compressed: the server keeps nothing between requests.
"""

import base64
import binascii
import zlib

from gateway.errors import ParameterError

PACKED = "packed_filter"
"""The parameter, after the provider's prefix."""


def pack_filter(text: str) -> str:
    """The filter as URL-safe text."""
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).rstrip(b"=").decode()


def unpack_filter(packed: str, *, parameter: str, longest: int) -> str:
    """The filter of such a text; ParameterError for one that no link had, or for a filter of more
    than `longest` characters."""
    try:
        raw = base64.b64decode(
            packed.encode("ascii") + b"=" * (-len(packed) % 4), altchars=b"-_", validate=True
        )
        unpacker = zlib.decompressobj()
        held = unpacker.decompress(raw, 4 * longest + 1)
        is_whole = unpacker.eof and not unpacker.unused_data
        text = held.decode(errors="strict" if is_whole else "ignore")
    except (binascii.Error, zlib.error, UnicodeError):
        raise _damaged(parameter) from None
    if len(text) > longest:
        raise ParameterError(
            f"{parameter} holds a filter of more than {longest} characters.", parameter=parameter
        )
    if not is_whole:
        raise _damaged(parameter)
    return text


def _damaged(parameter: str) -> ParameterError:
    return ParameterError(
        f"{parameter} is damaged; it is only made by this server, for links. Give the filter in "
        "filter.",
        parameter=parameter,
    )
