"""The evaluator that the translation is held against, itself held against the specification."""

import pytest

from gateway.parse import read_filter
from tests.laws.evaluator import Entry, evaluate, instant

ENTRY: Entry = {
    "id": "munich~x1",
    "type": "structures",
    "nelements": 2,
    "nsites": 3,
    "elements": ["O", "Ti"],
    "elements_ratios": [2 / 3, 1 / 3],
    "structure_features": [],
    "chemical_formula_reduced": "O2Ti",
    "last_modified": 1622592000000,
    "species.name": ["O", "Ti"],
}

LOGIC = [
    ("nelements=2 AND nsites=3", True),
    ("nelements=2 AND nsites=4", False),
    ("_exmpl_x=1", None),
    ("NOT _exmpl_x=1", None),
    ("_exmpl_x=1 AND nelements=3", False),
    ("NOT (_exmpl_x=1 AND nelements=3)", True),
    ("_exmpl_x=1 AND nelements=2", None),
    ("_exmpl_x=1 OR nelements=2", True),
    ("NOT (_exmpl_x=1 OR nelements=2)", False),
    ("NOT (_exmpl_x=1 OR nelements=3)", None),
    ("chemical_formula_hill IS UNKNOWN", True),
    ("NOT chemical_formula_hill IS KNOWN", True),
    ("NOT chemical_formula_hill IS UNKNOWN", False),
    ("chemical_formula_hill", False),
    ("NOT chemical_formula_hill", True),
    ("_exmpl_x", None),
    ("species.name IS KNOWN AND species.mass IS UNKNOWN", True),
    ('chemical_formula_hill != "A"', None),
    ('NOT chemical_formula_hill CONTAINS ""', None),
    ("chemical_formula_hill LENGTH 3 OR 1 < 2", True),
    ("1 > 2", False),
    ("2.0 = 2e0", True),
]
LEAVES = [
    ("nelements < 3", True),
    ("3 < nelements", False),
    ("nelements = 2.0000000000000000000000001", False),
    ('"O2" <= chemical_formula_reduced', True),
    ('chemical_formula_reduced > "O2Tz"', False),
    ('chemical_formula_reduced CONTAINS "2T"', True),
    ('chemical_formula_reduced CONTAINS "*"', False),
    ('chemical_formula_reduced STARTS "O2"', True),
    ('chemical_formula_reduced ENDS WITH "O2"', False),
    ('last_modified = "2021-06-02T02:00:00.000+02:00"', True),
    ('last_modified < "2021-06-02T00:00:00.0000000000000000000000001Z"', True),
    ('elements HAS "O"', True),
    ('elements HAS != "O"', True),
    ('elements HAS ALL "O", > "S"', True),
    ('elements HAS ALL "O", > "U"', False),
    ('elements HAS ANY "X", ENDS WITH "i"', True),
    ('elements HAS ONLY "O", "Ti", "Zr"', True),
    ('elements HAS ONLY != "Zr"', True),
    ('elements HAS ONLY "O"', False),
    ('structure_features HAS ONLY "disorder"', True),
    ('structure_features HAS != "disorder"', False),
    ("structure_features LENGTH 0", True),
    ("elements LENGTH >= 2", True),
    ("elements_ratios HAS 0.6666667", True),
    ("elements_ratios HAS 0.666667", False),
    ('elements:elements_ratios HAS "Ti":<0.5', True),
    ('elements:elements_ratios HAS "O":<0.5', False),
    ('elements:elements_ratios HAS ALL "O":>0.5, !="O":<0.5', True),
    ('elements:elements_ratios HAS ONLY "O":>0.5', False),
    ('elements:elements_ratios:elements_ratios HAS "O":>0.6:<0.7', True),
    ('elements:_exmpl_x HAS "O":1', None),
]


@pytest.mark.parametrize(("text", "result"), LOGIC + LEAVES)
def test_filters_have_three_values(text: str, result: bool | None) -> None:
    """Section "Filtering on Properties with an unknown value", and each operator's definition."""
    assert evaluate(read_filter(text), ENTRY) is result


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2016-12-31T23:59:60Z", 1483228800000),
        ("2000-02-29T12:00:00-01:00", 951829200000),
        ("0000-03-01T00:00:00Z", -62162035200000),
    ],
)
def test_instants(text: str, milliseconds: int) -> None:
    """Days are counted by a rule of their own, not by Python's calendar."""
    assert instant(text) == milliseconds
