"""Random native queries, made of values that documents hold."""

from collections.abc import Sequence
from random import Random
from typing import Any, TypeAlias

Body: TypeAlias = dict[str, Any]

TEXTS = ("upload_id", "entry_type", "mainfile", "parser_name", "results.method.method_name",
         "results.material.chemical_formula_reduced", "results.material.structural_type",
         "optimade.chemical_formula_anonymous",
         "results.method.simulation.program_name")  # fmt: skip
LISTS = ("results.material.elements", "optimade.elements", "datasets.doi", "authors.name",
         "results.properties.available_properties")  # fmt: skip
NUMBERS = ("optimade.nelements", "optimade.nsites", "n_quantities", "results.material.n_elements")
TIMES = ("publish_time", "upload_create_time", "last_processing_time")
BOOLEANS = ("processed", "with_embargo")
ORDERS = ("entry_id", "entry_id", "mainfile", "upload_create_time", "publish_time", "entry_type",
          "optimade.nelements", "optimade.nsites", "n_quantities", "upload_id", "processed",
          "results.material.chemical_formula_reduced", "optimade.chemical_formula_hill",
          "results.material.symmetry.space_group_symbol", "datasets.doi",
          "results.material.symmetry.space_group_number")  # fmt: skip
FIELDS = tuple(dict.fromkeys((*TEXTS, *LISTS, *NUMBERS, *TIMES, *BOOLEANS, *ORDERS)))


def random_query(random: Random, documents: Sequence[Body], *, depth: int = 3) -> Body:
    """A query of leaves on values of these documents."""
    kind = random.random()
    if depth and kind < 0.25:
        parts = [random_query(random, documents, depth=depth - 1) for _ in range(3)]
        return {random.choice(("and", "or")): parts[: random.randint(1, 3)]}
    if depth and kind < 0.35:
        return {"not": random_query(random, documents, depth=depth - 1)}
    if kind < 0.4:
        return {}
    return _leaf(random, documents)


def _leaf(random: Random, documents: Sequence[Body]) -> Body:
    name = random.choice((*TEXTS, *LISTS, *NUMBERS, *TIMES, *BOOLEANS, "quantities"))
    if name == "quantities":
        return {"quantities": f"metadata.{random.choice(('optimade', 'comment', 'datasets'))}"}
    values = _values(random, documents, name)
    if not values:
        return {"quantities": "metadata.optimade"}
    value = random.choice(values)
    if name in BOOLEANS:
        return {name: value}
    if name in NUMBERS or name in TIMES:
        return {name: {random.choice(("gt", "gte", "lt", "lte")): value or "0"}}
    if name in LISTS:
        return {f"{name}:{random.choice(('any', 'all', 'none'))}": values[:2]}
    if random.random() < 0.3:
        return {name: {random.choice(("gte", "lt")): value}}
    return {f"{name}:any": values} if random.random() < 0.5 else {name: value}


def _values(random: Random, documents: Sequence[Body], name: str) -> list[Any]:
    found: list[Any] = []
    for document in random.sample(documents, min(len(documents), 12)):
        found += _leaves(document, name.split("."))
    return list(dict.fromkeys(found))[:4]


def _leaves(value: Any, parts: list[str]) -> list[Any]:
    if isinstance(value, list):
        return [leaf for one in value for leaf in _leaves(one, parts)]
    if not parts:
        return [] if value is None or isinstance(value, dict) else [value]
    return _leaves(value.get(parts[0]), parts[1:]) if isinstance(value, dict) else []
