"""NOMAD's searchable quantities that are served as `_nmd_` properties, as nmd.json holds them."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, NotRequired, TypeAlias, TypedDict

IndexType: TypeAlias = Literal["keyword", "text", "integer", "float", "double", "boolean", "date"]
Version: TypeAlias = tuple[int, ...]

OLDEST = "1.3"
"""What a site of unknown version is taken for."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """The NOMAD versions that have a quantity; None is an open end."""

    since: Version | None = None
    until: Version | None = None

    @property
    def is_limited(self) -> bool:
        """Whether there are versions without it."""
        return self.since is not None or self.until is not None

    def holds(self, version: str) -> bool:
        """Whether a site of this version has it."""
        number = read_version(version)
        if self.since is not None and number < self.since:
            return False
        return self.until is None or number[: len(self.until)] <= self.until


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity of NOMAD's index."""

    name: str
    """Of the property, as NOMAD's own OPTIMADE endpoint names it, in lower case."""
    path: str
    """In native queries and in index documents."""
    type: IndexType
    is_list: bool
    nested: str | None
    """The innermost section of which the index keeps the members apart."""
    is_one_each: bool
    """Whether each member of `nested` has at most one value."""
    is_normalized: bool
    """Whether NOMAD rewrites what it is natively compared with."""
    unit: str | None
    description: str
    lifetime: Lifetime


class _Row(TypedDict):
    name: str
    quantity: str
    type: IndexType
    many: NotRequired[bool]
    nested: NotRequired[str]
    one_each: NotRequired[bool]
    normalized: NotRequired[bool]
    unit: NotRequired[str]
    description: str
    versions: NotRequired[list[str]]


def read_version(text: str) -> Version:
    """`2.0.0.dev3` is (2, 0, 0); what is not a number is the oldest."""
    found = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, (found[0] if found else OLDEST).split(".")))


@lru_cache(maxsize=1)
def read_quantities() -> tuple[Quantity, ...]:
    """All quantities of the table, by name."""
    table = json.loads(Path(__file__).with_name("nmd.json").read_bytes())
    versions = table["versions"]
    return tuple(_quantity(row, versions[0], versions[-1]) for row in table["rows"])


def _quantity(row: _Row, oldest: str, newest: str) -> Quantity:
    within = row.get("versions", [oldest, newest])
    return Quantity(
        row["name"],
        row["quantity"],
        row["type"],
        is_list=row.get("many", False),
        nested=row.get("nested"),
        is_one_each=row.get("one_each", False),
        is_normalized=row.get("normalized", False),
        unit=row.get("unit"),
        description=row["description"],
        lifetime=Lifetime(
            since=None if within[0] == oldest else read_version(within[0]),
            until=None if within[-1] == newest else read_version(within[-1]),
        ),
    )
