"""What went wrong, in words, and where: the filter's text with a mark under the column."""

from dataclasses import dataclass

_AROUND = 70
"""Characters of a filter shown on each side of the place."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of the whole page."""

    heading: str
    sentence: str
    before: str = ""
    """The filter up to the place, perhaps cut."""
    at: str = ""
    """The character at the place; empty at the end of the filter."""
    after: str = ""
    has_place: bool = False
    details: str = ""
    """For those who want to know exactly."""
    again: str = ""
    """The same address, for another try."""
    wait_s: int | None = None
    """When another try makes sense."""

    @property
    def pointer(self) -> str:
        """A line with the caret under the column."""
        return " " * len(self.before) + "^"


def filter_problem(text: str, *, sentence: str, column: int | None, heading: str) -> Problem:
    """A problem of the filter; `column` counts its characters from 1."""
    if column is None or not 1 <= column <= len(text) + 1:
        return Problem(heading, sentence)
    shown = "".join(char if char.isprintable() else " " for char in text)
    start, place = max(0, column - 1 - _AROUND), column - 1
    before = ("…" if start else "") + shown[start:place]
    after = shown[place + 1 : place + 1 + _AROUND]
    cut = "…" if place + 1 + _AROUND < len(shown) else ""
    return Problem(
        heading,
        sentence,
        before=before,
        at=shown[place : place + 1],
        after=after + cut,
        has_place=True,
    )
