"""The properties of `structures` that OPTIMADE 1.3 names (section "Structures Entries").

The quantities and the ways in which a property is known are measured on NOMAD 1.3 to 2.0
(docs/reference/nomad.md).
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from gateway.catalogue.space_groups import space_group_spelling
from gateway.properties.native_query import AnyOf, Exists, NativeNode, OneOf, Range
from gateway.properties.nomad import any_value, is_known, leaf_name
from gateway.properties.property import Property, ValueType

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


def _set(name: str) -> NativeNode:
    return Exists(f"metadata.optimade.{name}")


def _scalar(name: str, type_: ValueType, *, known: NativeNode | None = None) -> Property:
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


def _symmetric(name: str, type_: ValueType, quantity: str) -> Property:
    """What NOMAD says of a structure's symmetry; it is not in the archive's `optimade` section."""
    path = f"results.material.symmetry.{quantity}"
    return Property(
        name,
        type_,
        "indexed",
        quantity=path,
        text_name=leaf_name(path) if type_ == "string" else None,
        known=is_known(path) if type_ == "string" else any_value(path, "integer"),
        sortable=True,
        fields=(path,),
        path=path,
        by_default=False,
    )


def _spelt(one: Property, spelling: Mapping[str, str]) -> Property:
    """The same where NOMAD spells the words of a finite vocabulary otherwise.

    Other words are unknown. The order of the spellings differs, so it cannot be sorted by.
    """
    return replace(
        one,
        text_name=None,
        known=OneOf(one.path or "", tuple(spelling.values())),
        sortable=False,
        vocabulary=tuple(spelling),
        spelling=spelling,
    )


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

# nperiodic_dimensions is in the index alone: `quantities` never finds it; a range does.
_ANY_INTEGER = Range("optimade.nperiodic_dimensions", (("gte", -(2**31)),))

# Vectors of directions that are not periodic may be null: without any periodic direction, the
# lattice is three of those. Every structure has nperiodic_dimensions in the index.
_HAS_LATTICE = AnyOf((_set("lattice_vectors"), OneOf("optimade.nperiodic_dimensions", (0,))))

_SPECIES_KEYS = (
    "name", "chemical_symbols", "concentration", "mass", "original_name", "attached", "nattached",
)  # fmt: skip


@lru_cache(maxsize=1)
def standard_properties() -> tuple[Property, ...]:
    """All standard properties of structures, in the order of the specification."""
    return (*_IDENTITY, *_structure_properties())


def _structure_properties() -> tuple[Property, ...]:
    return (
        Property("elements", "list", "indexed", items="string", quantity="optimade.elements",
                 known=_set("elements"), fields=("optimade.elements",), vocabulary=ELEMENT_SYMBOLS),
        _scalar("nelements", "integer"),
        Property("elements_ratios", "list", "ratios", items="float", known=_set("elements_ratios"),
                 fields=("optimade.elements_ratios.*", "optimade.elements")),
        _scalar("chemical_formula_descriptive", "string"),
        _scalar("chemical_formula_reduced", "string"),
        _scalar("chemical_formula_hill", "string"),
        _scalar("chemical_formula_anonymous", "string"),
        replace(_archived("dimension_types", "integer"), reach="derived"),
        _scalar("nperiodic_dimensions", "integer", known=_ANY_INTEGER),
        replace(_archived("lattice_vectors", "list"), known=_HAS_LATTICE),
        _absent("space_group_symmetry_operations_xyz", "list", items="string"),
        _symmetric("space_group_symbol_hall", "string", "hall_symbol"),
        _spelt(_symmetric("space_group_symbol_hermann_mauguin", "string", "space_group_symbol"),
               space_group_spelling()),
        _absent("space_group_symbol_hermann_mauguin_extended", "string"),
        _symmetric("space_group_it_number", "integer", "space_group_number"),
        _archived("cartesian_site_positions", "list"),
        _absent("fractional_site_positions", "list", items="list"),
        _absent("site_coordinate_span", "string"),
        _absent("site_coordinate_span_description", "string"),
        _scalar("nsites", "integer"),
        _archived("species_at_sites", "string"),
        _archived("species", "dictionary", keys=_SPECIES_KEYS),
        _absent("assemblies", "list", items="dictionary"),
        _absent("wyckoff_positions", "list", items="string"),
        Property("structure_features", "list", "indexed", items="string",
                 quantity="optimade.structure_features", fields=("optimade.structure_features",),
                 vocabulary=STRUCTURE_FEATURES),
        _absent("optimization_type", "string"),
    )  # fmt: skip
