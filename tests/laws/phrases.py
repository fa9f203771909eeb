"""A filter as the random makers build it: leaves as text, joined; it prints and shrinks itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Not:
    """NOT of a phrase."""

    part: "Phrase"

    def __str__(self) -> str:
        return f"NOT {_inside(self.part)}"


@dataclass(frozen=True, slots=True)
class Group:
    """Phrases joined by AND or OR, some parentheses more than needed."""

    word: str
    parts: tuple["Phrase", ...]

    def __str__(self) -> str:
        return f" {self.word} ".join(map(_inside, self.parts))


Phrase: TypeAlias = Leaf | Not | Group


def shrink(phrase: Phrase, fails: Callable[[Phrase], bool]) -> Phrase:
    """The smallest phrase, by leaving parts out one by one, that still fails."""
    for smaller in _smaller(phrase):
        if fails(smaller):
            return shrink(smaller, fails)
    return phrase


def _smaller(phrase: Phrase) -> Iterator[Phrase]:
    match phrase:
        case Leaf():
            return
        case Not(part):
            yield part
            yield from map(Not, _smaller(part))
        case Group(_, parts):
            yield from parts
            for i, part in enumerate(parts):
                if len(parts) > 2:
                    yield replace(phrase, parts=parts[:i] + parts[i + 1 :])
                for smaller in _smaller(part):
                    yield replace(phrase, parts=(*parts[:i], smaller, *parts[i + 1 :]))


def _inside(part: Phrase) -> str:
    return str(part) if isinstance(part, Leaf) else f"({part})"
