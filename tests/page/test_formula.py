"""Formulas in the order that people know, and the table of elements."""

import pytest

from gateway.page.elements import elements, read_elements, table_order
from gateway.page.formula import formula_parts, write_formula


@pytest.mark.parametrize(
    ("reduced", "shown"),
    [
        ("O2Ti", "TiO2"),
        ("O3SrTi", "SrTiO3"),
        ("ClNa", "NaCl"),
        ("ClNaO3", "NaClO3"),
        ("AsGa", "GaAs"),
        ("CSi", "SiC"),
        ("H2O", "H2O"),
        ("H3N", "NH3"),
        ("ClH4N", "NH4Cl"),
        ("CH4", "CH4"),
        ("C2H6O", "C2H6O"),
        ("C3H7NO", "C3H7NO"),
        ("CCaO3", "CaCO3"),
        ("FeLiO4P", "LiFePO4"),
        ("F2Xe", "XeF2"),
        ("Ar", "Ar"),
        ("O2TiX", "TiO2X"),
        ("no formula", "no formula"),
        ("", ""),
        ("O2O", "O2O"),
    ],
)
def test_people_order(reduced: str, shown: str) -> None:
    """By electronegativity, hydrogen behind nitrogen; with carbon and hydrogen as Hill has it."""
    assert write_formula(formula_parts(reduced)) == shown


def test_elements_are_all_there() -> None:
    """118 elements by their numbers, as ASE names them."""
    ase = pytest.importorskip("ase.data")
    for number, element in enumerate(elements().values(), start=1):
        assert element.number == number
        assert element.symbol == ase.chemical_symbols[number]
    assert len(elements()) == 118
    assert sorted(one.number for one in table_order()) == list(range(1, 119))


@pytest.mark.parametrize(
    ("text", "found", "strange"),
    [
        ("Ti O", ("Ti", "O"), ()),
        ("ti, o; SI", ("Ti", "O", "Si"), ()),
        ("titanium Sulphur", ("Ti", "S"), ()),
        ("TiO Ti", ("Ti", "O"), ()),
        ("Ba-Ti-O", ("Ba", "Ti", "O"), ()),
        ("Zz Ti", ("Ti",), ("Zz",)),
        ("X", (), ("X",)),
        ("", (), ()),
    ],
)
def test_written_elements(text: str, found: tuple[str, ...], strange: tuple[str, ...]) -> None:
    """Symbols in any case, names, and symbols without a space are understood; the rest is named."""
    assert read_elements(text) == (found, strange)
