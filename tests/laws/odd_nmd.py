"""Structures with odd values of NOMAD's own quantities: members without values, signed zeros.

They are lines for `gateway.demo.create_demo_oasis`.
"""

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

from tests.laws.odd_oasis import MOMENTS, PEOPLE, TEXTS

Value = TypeVar("Value")

GAPS = (0.0, -0.0, 1.602176634e-19, 1.8745466617799998e-19, 2.4e-19, -3e-25, 8.01088317e-26, 1.0)
"""Joules: 1 and 1.17 eV, and on the edges of what is served."""
REALS = (0.0, -0.0, 1e-19, 3e-19, 1.0000000000000002, 1.0, 5e-324, -5e-324, -2.5, 1.7e308, 0.1)
WHOLES = (0, 1, -1, 2, 225, 2**31 - 1, -(2**31))
KINDS = ("direct", "indirect", "", "a*b", '"', "Größe")


def make_lines(random: Random, size: int, *, version: str) -> list[dict[str, Any]]:
    """So many public structures at a NOMAD of a version."""
    return [_line(random, number, version) for number in range(size)]


def _line(random: Random, number: int, version: str) -> dict[str, Any]:
    metadata = {
        "entry_id": "".join(random.choices("abAB01_-", k=28)),
        "upload_id": "".join(random.choices("abAB_-", k=22)),
        "upload_name": random.choice(TEXTS),
        "mainfile": f"{number}/out.xml",
        "entry_name": random.choice(TEXTS),
        "parser_name": "parsers/archive",
        "published": True,
        "with_embargo": False,
        "processed": random.random() < 0.5,
        "upload_create_time": random.choice(MOMENTS),
        "entry_create_time": random.choice(MOMENTS),
        "last_processing_time": random.choice(MOMENTS),
        "publish_time": random.choice(MOMENTS),
        "main_author": random.choice(PEOPLE),
        "references": _some(random, TEXTS),
        "optimade": {
            "elements": ["O"],
            "nelements": 1,
            "elements_ratios": [1.0],
            "nsites": random.randint(1, 3),
            "structure_features": [],
        },
    }
    if random.random() < 0.5:
        metadata["comment"] = random.choice(TEXTS)
    if random.random() < 0.5 and version > "1.4":
        metadata["description"] = random.choice(TEXTS)
    return {"metadata": metadata, "results": _results(random)}


def _results(random: Random) -> dict[str, Any]:
    return {
        "material": {
            "chemical_formula_hill": random.choice(("H2O", "OH2", "NaCl", "")),
            "elements": ["O"],
            "functional_type": _some(random, KINDS),
            "topology": [_system(random) for _ in range(random.choice((0, 1, 2, 3)))],
        },
        "method": {
            "simulation": {
                "dft": _thinned(
                    random,
                    van_der_Waals_method=random.choice(KINDS),
                    spin_polarized=random.random() < 0.5,
                    smearing_width=random.choice(REALS),
                    xc_functional_names=_some(random, KINDS),
                )
            }
        },
        "properties": {
            "n_calculations": random.choice(WHOLES),
            "electronic": {
                "band_gap": _gaps(random),
                "dos_electronic": [
                    _thinned(random, spin_polarized=random.random() < 0.5, band_gap=_gaps(random))
                    for _ in range(random.choice((0, 0, 1, 2)))
                ],
            },
        },
    }


def _gaps(random: Random) -> list[dict[str, Any]]:
    """Members of which some lack a value, but none all."""
    return [
        {"index": random.choice(WHOLES)}
        | _thinned(random, value=random.choice((*REALS, *GAPS, *GAPS)), type=random.choice(KINDS))
        for _ in range(random.choice((0, 1, 1, 2, 3)))
    ]


def _system(random: Random) -> dict[str, Any]:
    return {"system_id": random.choice(KINDS)} | _thinned(
        random,
        label=random.choice(("original", "subsystem")),
        n_atoms=random.choice(WHOLES),
        elements=_some(random, ("O", "Ti", "X")),
        cell=_thinned(random, a=random.choice(REALS)),
        elemental_composition=[
            {"element": element, "atomic_fraction": random.choice((0.5, 1 / 3, 0.0))}
            for element in _some(random, ("O", "Ti", "X"))
        ],
    )


def _some(random: Random, values: Sequence[Value]) -> list[Value]:
    return random.sample(values, random.choice((0, 0, 1, 2)))


def _thinned(random: Random, **values: object) -> dict[str, Any]:
    return {name: value for name, value in values.items() if random.random() < 0.7}
