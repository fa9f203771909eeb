"""How long a filter takes from text to native query, here and with the `optimade` package's parser.

    python -m tests.bench.bench_translate

The other side is LarkParser with the Elasticsearch transformer, set up as NOMAD sets them up. Needs
the `bench` dependencies; ends with 1 when the target is missed.
"""

import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from statistics import median

from elasticsearch_dsl import Date, Integer, Keyword, Nested
from optimade.filterparser import LarkParser
from optimade.filtertransformers.elasticsearch import ElasticsearchQuantity, ElasticTransformer
from optimade.server.mappers import BaseResourceMapper

from gateway.plan import translate
from tests.bench.measuring import Effort, Row

TARGET = 25
WARM, ROUNDS = 10, 100

FILTERS = (
    'elements HAS "Si"',
    'elements HAS ALL "Ga","N" AND nelements=2',
    'elements HAS ANY "Ti","Zr","Hf" AND nelements>=3',
    "nelements=2",
    "nsites<20",
    'chemical_formula_reduced="Al2O3"',
    'chemical_formula_anonymous="A2B" AND elements HAS "O"',
    'chemical_formula_descriptive CONTAINS "TiO2"',
    'NOT elements HAS ANY "Pb","Cd","Hg"',
    'nsites<=10 AND (elements HAS "Fe" OR elements HAS "Co" OR elements HAS "Ni")',
    'last_modified>"2022-01-01T00:00:00Z" AND nperiodic_dimensions=3',
    'nelements=4 AND (elements HAS "Si" OR elements HAS "Ge") AND NOT elements HAS "O"',
    'structure_features HAS "disorder" AND chemical_formula_hill IS KNOWN',
    'chemical_formula_reduced STARTS WITH "Li" AND nelements>2 AND nelements<6 AND nsites<100',
)


class _Mapper(BaseResourceMapper):  # type: ignore[misc]  # optimade tells no types
    """Names as they are; what the transformer asks of a server."""

    ENDPOINT = "structures"


def optimade_translate() -> Callable[[str], object]:
    """Text -> Elasticsearch query, as NOMAD has it (`nomad/app/optimade/filterparser.py`)."""
    parser = LarkParser(version=(1, 0, 1))
    transformer = ElasticTransformer(quantities=_quantities(), mapper=_Mapper)
    return lambda text: transformer.transform(parser.parse(text))


def main() -> int:
    """Prints microseconds and ratios; 1 when the median ratio misses the target."""
    theirs = optimade_translate()
    print(
        f"optimade {version('optimade')}, lark {version('lark')}, Python {sys.version.split()[0]}"
    )
    print(
        f"{'optimade':>9} {'gateway':>8}   times  (medians of {ROUNDS} runs, microseconds of CPU)"
    )
    ratios = []
    for text in FILTERS:
        slow, fast = _microseconds(theirs, text), _microseconds(translate, text)
        ratios.append(slow / fast)
        print(f"{slow:9.0f} {fast:8.0f} {slow / fast:7.1f}  {text}")
    print(f"median: {median(ratios):.1f} times faster; target {TARGET}")
    return 0 if median(ratios) >= TARGET else 1


def translation(effort: Effort) -> Iterator[Row]:
    """The median ratio as a line of the table of all benchmarks."""
    theirs = optimade_translate()
    pairs = [(_microseconds(theirs, text), _microseconds(translate, text)) for text in FILTERS]
    ratio = median(slow / fast for slow, fast in pairs)
    slow, fast = (median(times) for times in zip(*pairs, strict=True))
    yield Row(
        "filter -> native query: the `optimade` package / gateway",
        f"{ratio:.0f} times ({slow:,.0f} / {fast:.0f} microseconds)",
        f">= {TARGET}",
    )


def _microseconds(action: Callable[[str], object], text: str) -> float:
    """The median time of the warm action; of this thread alone, so that a busy machine is fair."""
    for _ in range(WARM):
        action(text)
    return median(_once(action, text) for _ in range(ROUNDS)) * 1e6


def _once(action: Callable[[str], object], text: str) -> float:
    start = time.thread_time()
    action(text)
    return time.thread_time() - start


def _quantities() -> dict[str, ElasticsearchQuantity]:
    types = {
        "id": ("entry_id", Keyword),
        "immutable_id": ("entry_id", Keyword),
        "last_modified": ("upload_create_time", Date),
        "elements": ("optimade.elements", Keyword),
        "elements_ratios": ("optimade.elements_ratios", Nested),
        "nelements": ("optimade.nelements", Integer),
        "nsites": ("optimade.nsites", Integer),
        "nperiodic_dimensions": ("optimade.nperiodic_dimensions", Integer),
        "chemical_formula_descriptive": ("optimade.chemical_formula_descriptive", Keyword),
        "chemical_formula_reduced": ("optimade.chemical_formula_reduced", Keyword),
        "chemical_formula_hill": ("optimade.chemical_formula_hill", Keyword),
        "chemical_formula_anonymous": ("optimade.chemical_formula_anonymous", Keyword),
        "structure_features": ("optimade.structure_features", Keyword),
    }
    quantities = {
        name: ElasticsearchQuantity(name, backend_field=field, elastic_mapping_type=kind)
        for name, (field, kind) in types.items()
    }
    quantities["elements"].length_quantity = quantities["nelements"]
    for name in ("elements", "elements_ratios"):
        quantities[name].nested_quantity = quantities["elements_ratios"]
    return quantities


if __name__ == "__main__":
    sys.exit(main())
