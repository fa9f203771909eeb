"""Which texts can be a formula, and which formula a text means."""

import pytest

from gateway.plan.notices.formulas import formulas_like, is_formula, is_part


@pytest.mark.parametrize(
    ("kind", "text", "can_be"),
    [
        ("reduced", "O2Ti", True),
        ("reduced", "C", True),
        ("reduced", "X", True),
        ("reduced", "Al2O3", True),
        ("reduced", "C10H11N7O2", True),
        ("reduced", "TiO2", False),
        ("reduced", "O4Ti2", False),
        ("reduced", "Si2", False),
        ("reduced", "O2Si1", False),
        ("reduced", "O02Si", False),
        ("reduced", "O2 Si", False),
        ("reduced", "OO", False),
        ("reduced", "", False),
        ("reduced", "A2B", False),
        ("hill", "CH4", True),
        ("hill", "C8H8N4O4", True),
        ("hill", "CAgO", True),
        ("hill", "BrH", True),
        ("hill", "Mo6", True),
        ("hill", "HBr", False),
        ("hill", "H4C", False),
        ("hill", "TiO2", False),
        ("anonymous", "A2B", True),
        ("anonymous", "A", True),
        ("anonymous", "AB", True),
        ("anonymous", "AB2", False),
        ("anonymous", "A2B2", False),
        ("anonymous", "A2C", False),
        ("anonymous", "TiO2", False),
        ("anonymous", "A2B1", False),
    ],
)
def test_whole(kind, text, can_be):
    """A formula has one spelling: order, whole numbers and no 1."""
    assert is_formula(text, kind) is can_be


@pytest.mark.parametrize(
    ("kind", "op", "text", "can_be"),
    [
        ("reduced", "CONTAINS", "", True),
        ("reduced", "CONTAINS", "i2O", True),  # Ni2O
        ("reduced", "CONTAINS", "TiO", False),
        ("reduced", "CONTAINS", "SiS", True),  # SiSn
        ("reduced", "ENDS", "SiS", False),
        ("reduced", "STARTS", "A", True),  # Al
        ("reduced", "ENDS", "A", False),
        ("reduced", "CONTAINS", "O1", True),  # O12
        ("reduced", "ENDS", "O1", False),
        ("reduced", "CONTAINS", "O1S", False),
        ("reduced", "STARTS", "2O", False),
        ("reduced", "CONTAINS", "2O", True),
        ("reduced", "CONTAINS", "tio", False),
        ("reduced", "CONTAINS", "t", True),  # Pt
        ("reduced", "CONTAINS", "O2 ", False),
        ("hill", "CONTAINS", "CH", True),
        ("hill", "CONTAINS", "CAg", True),
        ("hill", "CONTAINS", "HAg", True),  # CHAg
        ("hill", "CONTAINS", "AgH", True),
        ("hill", "CONTAINS", "OH", False),
        ("hill", "CONTAINS", "HC", True),  # CHCl
        ("hill", "ENDS", "HC", False),
        ("hill", "CONTAINS", "BC", True),  # BCl
        ("hill", "ENDS", "BC", False),
        ("anonymous", "CONTAINS", "B2", True),
        ("anonymous", "CONTAINS", "b2", True),  # Ab2
        ("anonymous", "ENDS", "B1", False),
    ],
)
def test_part(kind, op, text, can_be):
    """A text that some formula can contain, start or end with is never said to be impossible."""
    assert is_part(text, op, kind) is can_be


@pytest.mark.parametrize(
    ("kind", "text", "meant"),
    [
        ("reduced", "TiO2", ("O2Ti",)),
        ("reduced", "Ti4O8", ("O2Ti",)),
        ("reduced", "Ca(OH)2", ("CaH2O2",)),
        ("reduced", "Al2(SO4)3", ("Al2O12S3",)),
        ("reduced", "[Fe(CN)6]2", ("C6FeN6",)),
        ("reduced", "TiO₂", ("O2Ti",)),
        ("reduced", "Ti O_2", ("O2Ti",)),
        ("reduced", "nacl", ("ClNa",)),
        ("reduced", "NACL", ("ClNa",)),
        ("reduced", "co2", ("Co", "CO2")),
        ("reduced", "quartz", ()),
        ("reduced", "O0", ()),
        ("reduced", "A2B", ()),
        ("reduced", "((((", ()),
        ("reduced", "(O)99999999", ()),
        ("hill", "H2CO", ("CH2O",)),
        ("hill", "BrH", ("BrH",)),
        ("anonymous", "AB2", ("A2B",)),
        ("anonymous", "ab2", ("A2B",)),
        ("anonymous", "A2B4", ("A2B",)),
        ("anonymous", "TiO2", ("A2B",)),
        ("anonymous", "?", ()),
    ],
)
def test_meant(kind, text, meant):
    """A formula is read in any order, with groups, subscripts, spaces and, at need, any case."""
    assert formulas_like(text, kind) == meant
