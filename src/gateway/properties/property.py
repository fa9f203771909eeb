"""One property of an entry type: its type, who can compare it, where NOMAD keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from gateway.catalogue.quantities import Lifetime
from gateway.model import NativeQuery, SortKind
from gateway.properties.conversion import Conversion
from gateway.properties.native_query import IS_STRUCTURE, NativeNode, write_query

ALWAYS = Lifetime()

ValueType: TypeAlias = Literal[
    "string", "integer", "float", "boolean", "timestamp", "list", "dictionary"
]
Reach: TypeAlias = Literal["local", "indexed", "ratios", "derived", "archive", "absent"]
"""Who can compare a property with a value:
local: this gateway, before any site is asked; indexed: NOMAD's index; ratios: the index, through
pairs with `elements`; derived: the index, through another property that follows from it; archive:
nobody (only whether it is known); absent: no NOMAD entry has it."""

STRUCTURE: NativeQuery = write_query(IS_STRUCTURE)
"""What a site is asked for every structure."""


@dataclass(frozen=True, slots=True)
class Least:
    """A number that is the least of those that the members of a repeated section have."""

    section: str
    value: str
    """Within the section."""
    where: tuple[tuple[str, str], ...] = ()
    """Only members with these texts count."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property: what OPTIMADE calls it and where NOMAD keeps it."""

    name: str
    type: ValueType
    reach: Reach
    items: ValueType | None = None
    """Type of the items, for lists."""
    quantity: str | None = None
    """NOMAD's name in native queries and `order_by`."""
    text_name: str | None = None
    """NOMAD's name inside an `optimade_filter` leaf, for CONTAINS and ENDS WITH."""
    known: NativeNode | bool = True
    """Native condition that holds where the value is set; True: everywhere, False: nowhere."""
    sortable: bool = False
    fields: tuple[str, ...] = ()
    """Patterns of the index document that hold the value; empty: only the archive has it."""
    vocabulary: tuple[str, ...] | None = None
    """All strings that can occur, if they are finitely many."""
    spelling: Mapping[str, str] | None = None
    """NOMAD's word for each word that can occur, where NOMAD spells them otherwise."""
    keys: tuple[str, ...] = ()
    """Keys of the dictionaries, for dictionaries and lists of them."""
    nested: str | None = None
    """The repeated NOMAD section whose members have at most one value of the list each;
    conditions on one and the same member go into one dict."""
    path: str | None = None
    """Where the index document holds the value, if it is served as it stands there."""
    lifetime: Lifetime = ALWAYS
    """The NOMAD versions that have it; at other sites it is unknown."""
    least: Least | None = None
    """Of which values it is the least; None: it is a value of its own."""
    conversion: Conversion | None = None
    """How NOMAD's numbers become those that are served; None: they are the same."""
    unit: str | None = None
    """As property definitions write it; None: dimensionless, or none applies."""
    description: str = ""
    """Empty: the standard's, or this server's own words."""
    by_default: bool = True
    """Whether it is in answers to requests without `response_fields`."""
    is_listed: bool = True
    """Whether it is defined in info: names that OPTIMADE does not allow are not."""

    @property
    def sort_kind(self) -> SortKind:
        """How values compare when sorting."""
        match self.type:
            case "integer" | "float" | "timestamp":
                return self.type
            case _:
                return "string"


Catalogue: TypeAlias = Mapping[str, Property]
