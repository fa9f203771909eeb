"""The data that a site has of one structure, and values that break a rule of OPTIMADE."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gateway.model import Json, JsonObject

# Lists are invariant for mypy: a list of one type is no list of Json, so those are named here, too.
Served: TypeAlias = "Json | list[str] | list[int] | list[float] | list[list[float]]"


@dataclass(frozen=True, slots=True)
class Flaw:
    """A property that cannot be served as it is stored: why, and what is served instead."""

    reason: str
    served: Served = None
    """None: unknown."""


PropertyValue: TypeAlias = "Served | Flaw"
PropertyValues: TypeAlias = dict[str, PropertyValue]


@dataclass(frozen=True, slots=True)
class Stored:
    """The `optimade` sections of the index document and of the archive.

    Where both have a value, the index's is used, since filters compare that one.
    """

    index: Mapping[str, Json]
    archive: Mapping[str, Json] | None
    """None: not read; an empty section means that its properties are unknown."""

    def archived(self, name: str) -> Json:
        """The archive's value of a quantity that is not indexed; None if it has none."""
        return None if self.archive is None else self.archive.get(name)

    def values(self, name: str) -> Iterator[Json]:
        """All stored values of a quantity, the index's first."""
        for one in (self.index, self.archive or {}):
            if (value := one.get(name)) is not None:
                yield value

    def first(self, name: str, *, is_valid: Callable[[object], bool], kind: str) -> PropertyValue:
        """The first valid value; None when there is none at all, a flaw when none is valid."""
        # written out: every property of every entry passes here
        indexed = self.index.get(name)
        if indexed is not None and is_valid(indexed):
            return indexed
        archived = None if self.archive is None else self.archive.get(name)
        if archived is not None and is_valid(archived):
            return archived
        is_stored = indexed is not None or archived is not None
        return Flaw(f"what the site holds is not {kind}") if is_stored else None


def section(document: Mapping[str, Json], name: str) -> JsonObject | None:
    """An object inside a document; None when there is none."""
    value = document.get(name)
    return value if isinstance(value, dict) else None
