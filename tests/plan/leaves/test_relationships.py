"""Filters on the references of structures select exactly the structures that have them."""

from collections.abc import Iterator
from itertools import combinations
from random import Random

import httpx
import pytest

from gateway import translate
from gateway.demo import create_demo_oasis
from gateway.errors import NotImplementedFilterError, UnknownPropertyError
from gateway.model import NativeQuery
from gateway.parse import read_filter
from gateway.properties import STRUCTURE
from gateway.references import LONGEST, Reference
from tests.laws.evaluator import Entry, evaluate
from tests.laws.in_process import InProcess
from tests.laws.oasis import Oasis
from tests.whole.oases import DemoLine, make_line

SETS = ("10.17172/N/1", "10.17172/N/2", "10.2", "10/3", "a", "", "x" * (LONGEST + 1))
TEXTS = ("10.17172/N/1", "doi:10.17172/N/1", "https://doi.org/10.17172/N/2", "http://doi.org/10.2",
         "http://dx.doi.org/10.17172/N/1", "https://dx.doi.org/10.9", "https://example.org/a", "a",
         "10", "doi:x", "10/3", "", " ", "ä \"q\" *?\\", "x" * (LONGEST + 1))  # fmt: skip
IDS = tuple(
    Reference(kind, value).id
    for kind, values in (("doi", SETS), ("ref", TEXTS))
    for value in values
    if value
)
DOIS = ("10.17172/N/1", "10.17172/N/2", "10.2", "10.9", "10/3", "a", "10.", "doi:x", "10.5")


def make_lines(random: Random, size: int) -> list[DemoLine]:
    """Structures with some datasets and some references, often none."""
    lines = []
    for number in range(size):
        line = make_line(f"e{number:03}")
        metadata = line["metadata"]
        texts = random.sample(TEXTS, random.choice((0, 0, 1, 2)))
        dois = random.sample(SETS, random.choice((0, 0, 1, 1, 2)))
        metadata["references"] = texts
        metadata["datasets"] = [
            {"dataset_id": f"d{n}", "dataset_name": "S", "doi": doi} for n, doi in enumerate(dois)
        ] + ([{"dataset_id": "d9", "dataset_name": "without"}] if random.random() < 0.3 else [])
        lines.append(line)
    return lines


def related(line: DemoLine) -> Entry:
    """The lists that a structure's references are, where they are not empty."""
    metadata = line["metadata"]
    dois = [one["doi"] for one in metadata["datasets"] if 0 < len(one.get("doi", "")) <= LONGEST]
    every = [Reference("doi", doi) for doi in dois] + [
        Reference("ref", text) for text in metadata["references"] if 0 < len(text) <= LONGEST
    ]
    ids = [one.id for one in every]
    found = [one.doi for one in every if one.doi is not None]
    lists = {"references": ids, "references.id": ids, "references.target.id": ids,
             "references.doi": found, "references.target.doi": found}  # fmt: skip
    return {name: values for name, values in lists.items() if values}


@pytest.fixture(scope="module", params=["2.0.0", "1.3.17"])
def held(request: pytest.FixtureRequest) -> Iterator[tuple[Oasis, dict[str, Entry]]]:
    lines = make_lines(Random(3), 120)
    app = create_demo_oasis(lines, version=request.param)
    entries = {line["metadata"]["entry_id"]: related(line) for line in lines}
    base = "http://demo/nomad-oasis/api/v1"
    with httpx.Client(transport=InProcess(app), base_url=base) as client:
        yield Oasis(client), entries


def _filters() -> Iterator[str]:
    for name in ("references.id", "references.target.id"):
        for ids in combinations(IDS[::3], 2):
            for quantifier in ("ANY", "ALL", "ONLY"):
                yield f"{name} HAS {quantifier} {', '.join(f'{chr(34)}{i}{chr(34)}' for i in ids)}"
    for id_ in (*IDS, "nonsense", "berlin~x"):
        yield f'references.id HAS "{id_}"'
        yield f'references.id HAS != "{id_}"'
        yield f'references.id HAS ONLY "{id_}"'
    for name in ("references.doi", "references.target.doi"):
        for doi in DOIS:
            for op in ("", "= ", "!= ", "< ", "<= ", "> ", ">= ", "STARTS WITH "):
                yield f'{name} HAS {op}"{doi}"'
                yield f'{name} HAS ALL {op}"{doi}", STARTS "10.1"'
                yield f'{name} HAS ONLY {op}"{doi}", "10.2"'
    for name in ("references", "references.id", "references.doi", "references.target.doi"):
        yield from (name, f"{name} IS KNOWN", f"{name} IS UNKNOWN")
    yield 'references.doi HAS STARTS WITH ""'
    yield 'references.doi HAS ONLY STARTS WITH "10.", "a"'
    yield 'references.doi HAS "10.2" AND references.id HAS "ref.a" OR nsites = 3'
    yield 'nsites = 2 AND NOT (references.id HAS "doi.a" OR references.doi HAS "10.2")'


@pytest.mark.slow
def test_selects_what_the_filter_says(held: tuple[Oasis, dict[str, Entry]]) -> None:
    """Each filter and its negation, over entries with every kind of reference and with none."""
    oasis, entries = held
    found = 0
    for plain in _filters():
        for text in (plain, f"NOT ({plain})"):
            tree = read_filter(text)
            expected = {
                id_ for id_, entry in entries.items() if evaluate(tree, {"nsites": 2, **entry})
            }
            assert oasis.ids(translate(text)) == expected, text
            found += len(expected)
    assert found > 1000


EQUALITIES = [
    ('references.target.doi = "10.2"', 'references.doi HAS "10.2"'),
    ('references.doi = "10.2"', 'references.doi HAS "10.2"'),
    ('"10.2" = references.doi', 'references.doi HAS "10.2"'),
    ('references.doi != "10.2"', 'NOT references.doi HAS "10.2"'),
    ('NOT references.doi = "10.2"', 'NOT references.doi HAS "10.2"'),
    ('NOT references.doi != "10.2"', 'references.doi HAS "10.2"'),
    ('references.id = "doi.a"', 'references.id HAS "doi.a"'),
]


@pytest.mark.parametrize(("text", "same"), EQUALITIES)
def test_equality_means_has(text: str, same: str) -> None:
    """The specification's own example compares a list with `=`; `!=` is its negation."""
    assert translate(text) == translate(same)


NATIVE: list[tuple[str, NativeQuery]] = [
    ('references.id HAS "doi.10.1_2Fx"', {"datasets.doi": "10.1/x"}),
    ('references.id HAS "ref.10.1_2Fx"', {"references": "10.1/x"}),
    (
        'references.id HAS ANY "ref.a", "ref.b", "doi.c"',
        {"or": [{"datasets.doi": "c"}, {"references:any": ["a", "b"]}]},
    ),
    (
        "references IS KNOWN",
        {"or": [{"datasets.doi": {"gte": "\0"}}, {"references": {"gte": "\0"}}]},
    ),
]


@pytest.mark.parametrize(("text", "query"), NATIVE)
def test_native(text: str, query: NativeQuery) -> None:
    """Ids are what the index holds: finding them needs no look-up."""
    assert translate(text) == {"and": [STRUCTURE, query]}


@pytest.mark.parametrize(
    "text",
    [
        'references.role HAS "x"',
        "references.role IS KNOWN",
        'NOT references.description HAS "x"',
        "references.description",
        'references.target.year HAS "2024"',
        'references.target.authors.name HAS "x"',
        'references.target._exmpl_x HAS "x"',
        'references._exmpl_x HAS "x"',
        "NOT references._exmpl_x",
    ],
)
def test_what_no_reference_has(text: str) -> None:
    """Unknown values match nothing, under NOT neither."""
    assert translate(text) == {"and": [STRUCTURE, {"not": STRUCTURE}]}


@pytest.mark.parametrize("text", ["references.role IS UNKNOWN", "NOT references.target.year"])
def test_unknown_everywhere(text: str) -> None:
    """Only IS UNKNOWN and NOT .. IS KNOWN match what is unknown."""
    assert translate(text) == STRUCTURE


REFUSED = [
    ('references HAS "x"', "list of dictionaries"),
    ('references = "x"', "list of dictionaries"),
    ("references LENGTH 1", "How many"),
    ("references.id LENGTH 1", "How many"),
    ('references.id < "x"', "HAS <"),
    ('references.doi CONTAINS "x"', "HAS CONTAINS"),
    ('references.doi HAS CONTAINS "x"', "CONTAINS inside HAS"),
    ('references.doi HAS ENDS WITH "x"', "ENDS WITH inside HAS"),
    ('references.id HAS STARTS WITH "doi."', "STARTS WITH cannot be asked of the ids"),
    ('references.id HAS < "doi."', "< cannot be asked of the ids"),
    ("references.id HAS 1", "list of strings"),
    ("references.doi = 1", "list of strings"),
    ("references.target.year = 2024", "list of strings"),
    ("references.doi HAS nsites", "another property"),
    ('references.target.title HAS "x"', "Ask /references for the ids first"),
    ('references.target._fed_sites HAS "x"', "Ask /references for the ids first"),
    ("references.target IS KNOWN", "references.id or references.target.doi"),
    ('references.id:references.doi HAS "x":"y"', "zipped"),
    ('elements:references.id HAS "H":"y"', "zipped"),
    ('calculations.id HAS "x"', "related calculations"),
    ('structures.target.elements HAS "Ta"', "related structures"),
    ("nsites = references.id", "related references"),
]


@pytest.mark.parametrize(("text", "says"), REFUSED)
def test_refused(text: str, says: str) -> None:
    """What cannot be answered exactly is refused, with the reason or the way round."""
    with pytest.raises(NotImplementedFilterError, match=says):
        translate(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("references.foo IS KNOWN", "references.id or references.target.doi"),
        ('references.target.foo HAS "x"', "references have no property 'foo'"),
        ("references.doi HAS foo", "foo"),
        ('calculations = "x"', "calculations"),
    ],
)
def test_unknown_names(text: str, says: str) -> None:
    """Names that nothing has are the caller's mistake."""
    with pytest.raises(UnknownPropertyError, match=says):
        translate(text)
