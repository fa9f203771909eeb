"""Only the first line of a request is changed, and there only what is not ASCII."""

import pytest

from gateway.serve.connections.first_line import FirstLines


def passed(lines: FirstLines, *pieces: str) -> list[str]:
    return [lines.encoded(piece.encode()).decode() for piece in pieces]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["GET /ä H\r\nX: ä\r\n\r\nä"], ["GET /%C3%A4 H\r\nX: ä\r\n\r\nä"]),
        (["GET /ä", "ö", " H\r", "\nX: ä\n", "ä"],
         ["GET /%C3%A4", "%C3%B6", " H\r", "\nX: ä\n", "ä"]),
        (["\r\n", "\r\n\nGET /ä\nä"], ["\r\n", "\r\n\nGET /%C3%A4\nä"]),
        (["GET / H\r\n\r\n"], ["GET / H\r\n\r\n"]),
        (["", "ä"], ["", "%C3%A4"]),
    ],
)  # fmt: skip
def test_first_line(pieces: list[str], expected: list[str]) -> None:
    """In whatever pieces it comes; the parser says that a request has begun."""
    lines = FirstLines()
    found = []
    for piece in pieces:
        found += passed(lines, piece)
        if piece.strip("\r\n"):
            lines.begun()
    assert found == expected


def test_between_requests() -> None:
    """After the end of one request comes a first line, but not when the next one has begun in the
    same piece: what follows may be its body, whose length is announced."""
    lines = FirstLines()
    passed(lines, "POST / H\n\nbody")
    lines.begun()
    assert passed(lines, "ä\nä") == ["ä\nä"]
    lines.complete()
    assert passed(lines, "GET /ä\n\nPOST /ö\n\nä") == ["GET /%C3%A4\n\nPOST /ö\n\nä"]
    for step in (lines.begun, lines.complete, lines.begun):
        step()
    assert passed(lines, "äö\nä") == ["äö\nä"]
