"""A filter in a link: what a text that was made on purpose can cost."""

import base64
import tracemalloc
import zlib

import pytest

from gateway.errors import ParameterError
from gateway.serve.request.packed_filter import pack_filter, unpack_filter

LONGEST = 16_384


def unpacked(text: str) -> str:
    return unpack_filter(text, parameter="_fed_packed_filter", longest=LONGEST)


@pytest.mark.parametrize("text", ["", "a=1", "é" * LONGEST, "😀" * LONGEST])
def test_there_and_back(text: str) -> None:
    """Up to the longest filter, whatever its characters take."""
    assert unpacked(pack_filter(text)) == text


def test_a_little_that_becomes_much() -> None:
    """No more of it is unpacked than a filter may have."""
    bomb = base64.urlsafe_b64encode(zlib.compress(b"a" * 64 * 2**20, 9)).rstrip(b"=").decode()
    tracemalloc.start()
    try:
        with pytest.raises(ParameterError, match="more than 16384 characters"):
            unpacked(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20


def test_half_of_one() -> None:
    """Nor one with something behind it."""
    raw = zlib.compress(b"nsites=1")
    for part in (raw[:-1], raw + b"x"):
        with pytest.raises(ParameterError, match="damaged"):
            unpacked(base64.urlsafe_b64encode(part).rstrip(b"=").decode())
