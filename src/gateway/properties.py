"""The catalogue: each OPTIMADE property of an entry type, its type, and where NOMAD keeps it.

Names and types are those of OPTIMADE 1.3 (section "Entry list"); quantities and the ways in which
a property is known are measured on NOMAD 1.3 to 2.0 (docs/reference/nomad.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from gateway.model import NativeQuery, SortKind

ValueType: TypeAlias = Literal[
    "string", "integer", "float", "boolean", "timestamp", "list", "dictionary"
]
Reach: TypeAlias = Literal["local", "indexed", "ratios", "archive", "absent"]
"""Who can hold a property against a value:
local: this gateway, before any site is asked; indexed: NOMAD's index; ratios: the index, through
pairs with `elements`; archive: nobody (only whether it is known); absent: no NOMAD entry has it."""

STRUCTURE: NativeQuery = {"quantities": "metadata.optimade"}
"""Holds exactly for entries with structure data: the base of every structures query."""

ELEMENTS = (
    "Ac Ag Al Am Ar As At Au B Ba Be Bh Bi Bk Br C Ca Cd Ce Cf Cl Cm Cn Co Cr Cs Cu Db Ds Dy Er Es "
    "Eu F Fe Fl Fm Fr Ga Gd Ge H He Hf Hg Ho Hs I In Ir K Kr La Li Lr Lu Lv Mc Md Mg Mn Mo Mt N Na "
    "Nb Nd Ne Nh Ni No Np O Og Os P Pa Pb Pd Pm Po Pr Pt Pu Ra Rb Re Rf Rg Rh Rn Ru S Sb Sc Se Sg "
    "Si Sm Sn Sr Ta Tb Tc Te Th Ti Tl Tm Ts U V W X Xe Y Yb Zn Zr"
)
ELEMENT_SYMBOLS = tuple(ELEMENTS.split())
"""What NOMAD's index can hold among `elements`: 118 elements and X for unknown atoms, sorted."""

STRUCTURE_FEATURES = ("assemblies", "disorder", "implicit_atoms", "site_attachments")
"""The vocabulary of `structure_features` (OPTIMADE 1.3, section structure_features), sorted."""


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
    known: NativeQuery | bool = True
    """Native condition that holds where the value is set; True: everywhere, False: nowhere."""
    sortable: bool = False
    fields: tuple[str, ...] = ()
    """Patterns of the index document that hold the value; empty: only the archive has it."""
    vocabulary: tuple[str, ...] | None = None
    """All strings that can occur, if they are finitely many."""
    keys: tuple[str, ...] = ()
    """Keys of the dictionaries, for dictionaries and lists of them."""
    nested: str | None = None
    """The repeated NOMAD section that holds the quantity; conditions on it go into one dict."""
    by_default: bool = True
    """Whether it is in answers to requests without `response_fields`."""

    @property
    def sort_kind(self) -> SortKind:
        """How values compare when sorting."""
        match self.type:
            case "integer" | "float" | "timestamp":
                return self.type
            case _:
                return "string"


Catalogue: TypeAlias = Mapping[str, Property]


def _set(name: str) -> NativeQuery:
    return {"quantities": f"metadata.optimade.{name}"}


def _scalar(name: str, type_: ValueType, *, known: NativeQuery | None = None) -> Property:
    text_name = name if type_ == "string" else None
    return Property(
        name,
        type_,
        "indexed",
        quantity=f"optimade.{name}",
        text_name=text_name,
        known=known or _set(name),
        sortable=True,
        fields=(f"optimade.{name}",),
    )


def _archived(
    name: str, items: ValueType, *, keys: tuple[str, ...] = (), type_: ValueType = "list"
) -> Property:
    return Property(name, type_, "archive", items=items, known=_set(name), keys=keys)


def _absent(name: str, type_: ValueType, *, items: ValueType | None = None) -> Property:
    return Property(name, type_, "absent", items=items, known=False)


_IDENTITY = (
    Property("id", "string", "local", quantity="entry_id", text_name="id", sortable=True,
             fields=("entry_id",)),
    Property("type", "string", "local", fields=("entry_id",)),
    Property("immutable_id", "string", "indexed", quantity="entry_id", text_name="id",
             sortable=True, fields=("entry_id",)),
    Property("last_modified", "timestamp", "indexed", quantity="upload_create_time",
             sortable=True, fields=("upload_create_time",)),
)  # fmt: skip

# nperiodic_dimensions is in the index alone: `quantities` never tells that it is set; a range does.
_ANY_INTEGER: NativeQuery = {"optimade.nperiodic_dimensions": {"gte": -(2**31)}}

_STRUCTURE_PROPERTIES = (
    Property("elements", "list", "indexed", items="string", quantity="optimade.elements",
             known=_set("elements"), fields=("optimade.elements",), vocabulary=ELEMENT_SYMBOLS),
    _scalar("nelements", "integer"),
    Property("elements_ratios", "list", "ratios", items="float", known=_set("elements_ratios"),
             fields=("optimade.elements_ratios.*", "optimade.elements")),
    _scalar("chemical_formula_descriptive", "string"),
    _scalar("chemical_formula_reduced", "string"),
    _scalar("chemical_formula_hill", "string"),
    _scalar("chemical_formula_anonymous", "string"),
    _archived("dimension_types", "integer"),
    _scalar("nperiodic_dimensions", "integer", known=_ANY_INTEGER),
    _archived("lattice_vectors", "list"),
    _absent("space_group_symmetry_operations_xyz", "list", items="string"),
    _absent("space_group_symbol_hall", "string"),
    _absent("space_group_symbol_hermann_mauguin", "string"),
    _absent("space_group_symbol_hermann_mauguin_extended", "string"),
    _absent("space_group_it_number", "integer"),
    _archived("cartesian_site_positions", "list"),
    _absent("fractional_site_positions", "list", items="list"),
    _absent("site_coordinate_span", "dictionary"),
    _absent("site_coordinate_span_description", "string"),
    _scalar("nsites", "integer"),
    _archived("species_at_sites", "string"),
    _archived("species", "dictionary", keys=("name", "chemical_symbols", "concentration", "mass",
                                             "original_name", "attached", "nattached")),
    _absent("assemblies", "list", items="dictionary"),
    _absent("wyckoff_positions", "list", items="string"),
    Property("structure_features", "list", "indexed", items="string",
             quantity="optimade.structure_features", fields=("optimade.structure_features",),
             vocabulary=STRUCTURE_FEATURES),
    _absent("optimization_type", "string"),
)  # fmt: skip


def _provenance(prefix: str) -> tuple[Property, ...]:
    """Where an entry lives and who made it, under the gateway's own prefix."""
    own = f"_{prefix}_"
    return (
        Property(f"{own}site", "string", "local", fields=("entry_id",)),
        Property(f"{own}entry_page", "string", "archive", fields=("upload_id",)),
        Property(f"{own}api_url", "string", "archive", fields=("entry_id",), by_default=False),
        Property(f"{own}upload_id", "string", "indexed", quantity="upload_id",
                 text_name="upload_id", sortable=True, fields=("upload_id",), by_default=False),
        Property(f"{own}license", "string", "archive", fields=("license",), by_default=False),
        Property(f"{own}authors", "list", "indexed", items="string", quantity="authors.name",
                 fields=("authors.name",), by_default=False),
        Property(f"{own}datasets", "list", "indexed", items="string",
                 quantity="datasets.dataset_name", fields=("datasets.dataset_name",),
                 by_default=False),
        Property(f"{own}dois", "list", "indexed", items="string", quantity="datasets.doi",
                 fields=("datasets.doi",), by_default=False),
    )  # fmt: skip


def structures_catalogue(prefix: str) -> Catalogue:
    """All properties of `structures`, standard ones first, for a provider prefix such as `fed`."""
    every = (*_IDENTITY, *_STRUCTURE_PROPERTIES, *_provenance(prefix))
    return {one.name: one for one in every}
