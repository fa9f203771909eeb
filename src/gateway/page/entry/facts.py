"""What NOMAD says of a structure, grouped for reading: material, symmetry, method, properties."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.model import JsonObject
from gateway.page.entry.numbers import write_quantity
from gateway.page.entry.reading import number_of, text_of, texts_of, values_of

_RESULTS = "_nmd_results_"
_MATERIAL = f"{_RESULTS}material_"
_SYMMETRY = f"{_MATERIAL}symmetry_"
_METHOD = f"{_RESULTS}method_"
_SIMULATION = f"{_METHOD}simulation_"
_PROPERTIES = f"{_RESULTS}properties_"
_GAP = f"{_PROPERTIES}electronic_band_gap_"
_GAPS = (
    ("Band gap", _GAP),
    ("Band gap (band structure)", f"{_PROPERTIES}electronic_band_structure_electronic_band_gap_"),
    ("Band gap (density of states)", f"{_PROPERTIES}electronic_dos_electronic_band_gap_"),
)
_MODULI = (
    ("Bulk modulus", f"{_PROPERTIES}mechanical_bulk_modulus_"),
    ("Shear modulus", f"{_PROPERTIES}mechanical_shear_modulus_"),
)
_DIFFERENCE = f"{_PROPERTIES}geometry_optimization_final_energy_difference"
_AVAILABLE = f"{_PROPERTIES}available_properties"

_TEXTS = {
    "Material": (
        ("Name", f"{_MATERIAL}material_name"),
        ("Kind", f"{_MATERIAL}structural_type"),
        ("Building block", f"{_MATERIAL}building_block"),
        ("Dimensionality", f"{_MATERIAL}dimensionality"),
        ("Compound", f"{_MATERIAL}compound_type"),
        ("Function", f"{_MATERIAL}functional_type"),
    ),
    "Symmetry": (
        ("Crystal system", f"{_SYMMETRY}crystal_system"),
        ("Bravais lattice", f"{_SYMMETRY}bravais_lattice"),
        ("Point group", f"{_SYMMETRY}point_group"),
        ("Hall symbol", "space_group_symbol_hall"),
        ("Structure type", f"{_SYMMETRY}structure_name"),
        ("Prototype", f"{_SYMMETRY}prototype_formula"),
        ("AFLOW prototype", f"{_SYMMETRY}prototype_aflow_id"),
        ("Strukturbericht", f"{_SYMMETRY}strukturbericht_designation"),
    ),
    "Method": (
        ("Method", f"{_METHOD}method_name"),
        ("Workflow", f"{_METHOD}workflow_name"),
        ("Functional", f"{_SIMULATION}dft_xc_functional_names"),
        ("Kind of functional", f"{_SIMULATION}dft_xc_functional_type"),
        ("Basis set", f"{_SIMULATION}dft_basis_set_type"),
        ("Core electrons", f"{_SIMULATION}dft_core_electron_treatment"),
        ("Relativity", f"{_SIMULATION}dft_relativity_method"),
        ("Van der Waals", f"{_SIMULATION}dft_van_der_waals_method"),
        ("GW", f"{_SIMULATION}gw_type"),
        ("BSE", f"{_SIMULATION}bse_type"),
    ),
}
_NUMBERS = {
    "Method": (
        ("Plane-wave cutoff", f"{_SIMULATION}precision_planewave_cutoff", "J"),
        ("k-line density", f"{_SIMULATION}precision_k_line_density", "m"),
        ("SCF threshold", f"{_SIMULATION}dft_scf_threshold_energy_change", "J"),
    ),
}
_PROGRAM = (f"{_SIMULATION}program_name", f"{_SIMULATION}program_version")
_SPIN = f"{_SIMULATION}dft_spin_polarized"

FACT_FIELDS = tuple(
    dict.fromkeys(
        (
            *(name for rows in _TEXTS.values() for _, name in rows if name.startswith("_nmd_")),
            *(name for rows in _NUMBERS.values() for _, name, _ in rows),
            *(f"{stem}{part}" for _, stem in (*_GAPS, *_MODULI) for part in ("value", "type")),
            *_PROGRAM,
            _SPIN,
            _DIFFERENCE,
            _AVAILABLE,
        )
    )
)
"""The properties under NOMAD's prefix that the page asks for."""


@dataclass(frozen=True, slots=True)
class FactGroup:
    """A heading and what is known under it: pairs of a label and a value."""

    title: str
    rows: tuple[tuple[str, str], ...]


def read_facts(attributes: JsonObject) -> tuple[FactGroup, ...]:
    """The groups in which something is known."""
    readers: tuple[tuple[str, Callable[[JsonObject], Iterator[tuple[str, str]]]], ...] = (
        ("Material", _material),
        ("Symmetry", _symmetry),
        ("Method", _method),
        ("Properties", _properties),
    )
    groups = (FactGroup(title, tuple(read(attributes))) for title, read in readers)
    return tuple(group for group in groups if group.rows)


def _material(attributes: JsonObject) -> Iterator[tuple[str, str]]:
    return _plain("Material", attributes)


def _symmetry(attributes: JsonObject) -> Iterator[tuple[str, str]]:
    symbol = text_of(attributes, "space_group_symbol_hermann_mauguin")
    number = number_of(attributes, "space_group_it_number")
    known = [symbol or "", f"No. {number:g}" if number is not None else ""]
    if any(known):
        yield "Space group", ", ".join(filter(None, known))
    yield from _plain("Symmetry", attributes)


def _method(attributes: JsonObject) -> Iterator[tuple[str, str]]:
    program = [text_of(attributes, name) or "" for name in _PROGRAM]
    if program[0]:
        yield "Program", " ".join(filter(None, program))
    yield from _plain("Method", attributes)
    if isinstance(spin := attributes.get(_SPIN), bool):
        yield "Spin-polarized", "yes" if spin else "no"


def _properties(attributes: JsonObject) -> Iterator[tuple[str, str]]:
    for label, stem in _GAPS:
        yield from _pairs(attributes, label, stem, unit="J")
    for label, stem in _MODULI:
        yield from _pairs(attributes, label, stem, unit="Pa")
    if written := write_quantity(attributes.get(_DIFFERENCE), "J"):
        yield "Energy change in the last step", written
    if available := texts_of(attributes, _AVAILABLE):
        yield "Also at the Oasis", ", ".join(one.replace("_", " ") for one in available)


def _plain(group: str, attributes: JsonObject) -> Iterator[tuple[str, str]]:
    for label, name in _TEXTS.get(group, ()):
        if values := texts_of(attributes, name):
            yield label, ", ".join(one.replace("_", " ") if group == "Material" else one
                                   for one in values)  # fmt: skip
    for label, name, unit in _NUMBERS.get(group, ()):
        if written := write_quantity(attributes.get(name), unit):
            yield label, written


def _pairs(
    attributes: JsonObject, label: str, stem: str, *, unit: str
) -> Iterator[tuple[str, str]]:
    """A value for each spin channel or fit, with what kind it is."""
    values, types = values_of(attributes, f"{stem}value"), values_of(attributes, f"{stem}type")
    written = []
    for at, value in enumerate(values):
        kind = types[at] if len(types) == len(values) else None
        note = f" ({kind.replace('_', ' ')})" if isinstance(kind, str) else ""
        if shown := write_quantity(value, unit):
            written.append(shown + note)
    if written:
        yield label, ", ".join(dict.fromkeys(written))
