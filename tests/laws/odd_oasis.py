"""Structures as no well-kept Oasis holds them: wildcards and quotes in formulas, fields missing.

They are lines for `gateway.demo.create_demo_oasis`.
"""

from collections.abc import Mapping
from random import Random
from typing import Any

from gateway.properties import ELEMENT_SYMBOLS, STRUCTURE_FEATURES

TEXTS = (
    "", "A", "A*l", "A?l", "Al", "AxxL", '"', '2"', 'a"b', "\\", "a\\b", "a\\*b", "*", "?", "~",
    "AB", "A2B", "Größe", "ペロブ", "😀", "\U0010ffff", "\ud7ff", "\ue000", "[a]", "a.b", "a|b",
    "(a", "a b", "\t", "a\nb", "None", "null", "AND", "Al2O3", "Al2O3 ", "al2o3",
)  # fmt: skip
FORMULAS = (
    "chemical_formula_descriptive", "chemical_formula_reduced", "chemical_formula_hill",
    "chemical_formula_anonymous",
)  # fmt: skip
MOMENTS = (
    "1969-12-31T23:59:59.999000+00:00", "1970-01-01T00:00:00+00:00", "2021-06-02T00:00:00+00:00",
    "2021-06-02T00:00:00.001000+00:00", "2021-06-01T23:59:59.999900+00:00",
    "2016-12-31T23:59:59.500000+00:00", "2024-02-29T12:00:00.123456+00:00",
)  # fmt: skip
PEOPLE = (
    {"user_id": "1", "name": "Ada Lindström"},
    {"user_id": "2", "name": "Jürgen O'Neill"},
    {"user_id": "3", "name": "小林 花子"},
)
DATASETS = (
    {"dataset_id": "d1", "dataset_name": "A*l", "doi": "10.17172/NOMAD/1"},
    {"dataset_id": "d2", "dataset_name": "Größe", "doi": "10.17172/NOMAD/2"},
    {"dataset_id": "d3", "dataset_name": ""},
    {"dataset_id": "d4", "dataset_name": "\ud7ff2"},
    {"dataset_id": "d5", "dataset_name": "\ue000"},
    {"dataset_id": "d6", "dataset_name": "😀 set", "doi": "10.17172/NOMAD/10"},
    {"dataset_id": "d7", "dataset_name": "\U0010ffff\U0010ffffa"},
)


def make_lines(random: Random, size: int) -> list[dict[str, Any]]:
    """So many entries, some without a structure, some under embargo."""
    return [_line(random, number) for number in range(size)]


def _line(random: Random, number: int) -> dict[str, Any]:
    metadata = {
        "entry_id": "".join(random.choices("abAB01_-", k=28)),
        "upload_id": "".join(random.choices("abAB_-", k=22)),
        "upload_name": "odd",
        "mainfile": f"{number}/out.xml",
        "entry_name": "odd",
        "parser_name": "parsers/archive",
        "published": random.random() < 0.95,
        "with_embargo": random.random() < 0.05,
        "processed": True,
        "upload_create_time": random.choice(MOMENTS),
        "entry_create_time": MOMENTS[2],
        "last_processing_time": MOMENTS[2],
        "publish_time": MOMENTS[2],
        "main_author": random.choice(PEOPLE),
        "coauthors": random.sample(PEOPLE, random.choice((0, 0, 1, 2))),
        "datasets": random.sample(DATASETS, random.choice((0, 0, 1, 2))),
    }
    if random.random() < 0.92:
        metadata["optimade"] = _structure(random)
    return {"metadata": metadata, "results": {"material": {"symmetry": _symmetry(random)}}}


def _symmetry(random: Random) -> dict[str, Any]:
    number = random.choice((1, 2, 14, 194, 225, 225))
    symmetry = {
        "space_group_number": number,
        "space_group_symbol": random.choice(("P1", "P6_3/mmc", "Fm-3m", "P2_1/c", "unheard-of")),
        "hall_symbol": random.choice(("P 1", "-P 6c 2c", "-F 4 2 3", "", '"')),
    }
    return {name: value for name, value in symmetry.items() if random.random() < 0.8}


def _structure(random: Random) -> dict[str, Any]:
    elements = sorted(random.sample(ELEMENT_SYMBOLS[::9], random.randint(1, 4)))
    shares = [random.choice((1, 1, 2, 3)) for _ in elements]
    sites = sum(shares)
    fields: dict[str, Any] = {
        **{name: random.choice(TEXTS) for name in FORMULAS},
        "dimension_types": [random.randint(0, 1) for _ in range(3)],
        "lattice_vectors": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        "cartesian_site_positions": [[0.0, 0.0, 0.0]] * sites,
        "species_at_sites": [e for e, n in zip(elements, shares, strict=True) for _ in range(n)],
        "species": [_species(random, element) for element in elements],
    }
    kept = {name: value for name, value in fields.items() if random.random() < 0.85}
    features = random.sample(STRUCTURE_FEATURES, random.choice((0, 0, 1, 2, 4)))
    return kept | {
        "elements": elements,
        "nelements": len(elements),
        "elements_ratios": [share / sites for share in shares],
        "nsites": sites,
        "structure_features": sorted(features),
    }


def _species(random: Random, element: str) -> Mapping[str, Any]:
    species = {"name": element, "chemical_symbols": [element], "concentration": [1.0]}
    return species | ({"mass": [1.0]} if random.random() < 0.3 else {})
