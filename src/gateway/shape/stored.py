"""What a site holds of one structure, and the word for a property of it that is flawed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gateway.model import Json, JsonObject

# Json's lists are invariant to mypy, so those of one type are named here too.
Plain: TypeAlias = "Json | list[str] | list[int] | list[float] | list[list[float]]"


@dataclass(frozen=True, slots=True)
class Flaw:
    """A property that cannot be served as it is stored: why, and what is served instead."""

    reason: str
    served: Plain = None
    """None: unknown."""


Value: TypeAlias = "Plain | Flaw"
Values: TypeAlias = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Stored:
    """The `optimade` sections of the index document and of the archive.

    A value that both hold is the index's, since filters compare that one.
    """

    index: Mapping[str, Json]
    archive: Mapping[str, Json] | None
    """None: not read; an empty section means that its properties are unknown."""

    def archived(self, name: str) -> Json:
        """What the archive holds of a quantity that is not indexed; None when it holds nothing."""
        return None if self.archive is None else self.archive.get(name)

    def held(self, name: str) -> Iterator[Json]:
        """All values held of a quantity, the index's first."""
        for one in (self.index, self.archive or {}):
            if (value := one.get(name)) is not None:
                yield value

    def first(self, name: str, *, is_valid: Callable[[object], bool], kind: str) -> Value:
        """The first valid value; None when there is none at all, a flaw when none is valid."""
        is_held = False
        for value in self.held(name):
            if is_valid(value):
                return value
            is_held = True
        return Flaw(f"what the site holds is not {kind}") if is_held else None


def section(document: Mapping[str, Json], name: str) -> JsonObject | None:
    """An object inside a document; None when there is none."""
    value = document.get(name)
    return value if isinstance(value, dict) else None
