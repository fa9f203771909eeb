"""Values that no entry has are noticed, with what was perhaps meant; others never are."""

import re
import time

import pytest

from gateway.demo import DEMO_SITES
from gateway.demo.store import read_entries
from gateway.parse import read_filter
from gateway.plan import Scope, plan_sites
from gateway.plan.notices import value_notices
from gateway.plan.notices.impossible_values import MOST
from gateway.properties import ELEMENT_SYMBOLS, structures_catalogue
from tests.laws.constants import quoted

SITES = tuple(site.name for site in DEMO_SITES)
SCOPE = Scope("structures", structures_catalogue("demo"), "demo")
BAND_GAPS = "_nmd_results_properties_electronic_band_gap_value"
SYMMETRY = "_nmd_results_material_symmetry"


def notices(text):
    """The details of what is noticed."""
    tree = read_filter(text)
    return [one.detail for one in value_notices(tree, scope=SCOPE, sites=SITES)]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('chemical_formula_reduced="TiO2"', '"O2Ti"'),
        ('chemical_formula_reduced="SrTiO3"', '"O3SrTi"'),
        ('"NaCl" = chemical_formula_reduced', '"ClNa"'),
        ('chemical_formula_reduced != "Si1O2"', '"O2Si"'),
        ('NOT chemical_formula_reduced="Si O2"', '"O2Si"'),
        ('chemical_formula_reduced="co2"', '"Co" or "CO2"'),
        ('chemical_formula_reduced="AB2"', 'chemical_formula_anonymous = "A2B"'),
        ('chemical_formula_reduced CONTAINS "TiO"', '"OTi"'),
        ('chemical_formula_hill="H4C"', '"CH4"'),
        ('chemical_formula_anonymous="AB2"', '"A2B"'),
        ('chemical_formula_anonymous="TiO2"', '"A2B"'),
        ('_nmd_results_material_chemical_formula_reduced="TiO2"', '"O2Ti"'),
        ('elements HAS "ti"', '"Ti"'),
        ('elements HAS ONLY "SI"', '"Si"'),
        ('elements:elements_ratios HAS "ti":>0.3', '"Ti"'),
        ('_nmd_results_material_elements HAS "ti"', '"Ti"'),
        ('elements HAS "tin"', '"Sn"'),
        ('elements HAS "Silicon"', '"Si"'),
        ('elements HAS "Aluminum"', '"Al"'),
        ('elements HAS "D"', '"H"'),
        ('elements HAS STARTS WITH "t"', '"T"'),
        ('elements HAS "Ti,O"', 'elements HAS ALL "Ti", "O"'),
        ('elements HAS "ti - o"', 'elements HAS ALL "Ti", "O"'),
        ('elements HAS "SrTiO3"', 'elements HAS ALL "Sr", "Ti", "O"'),
        ('chemical_formula_reduced="D2O"', '"H2O"'),
        ('chemical_formula_reduced="ABO3"', 'chemical_formula_anonymous = "A3BC"'),
        ('chemical_formula_anonymous="ABX3"', '"A3BC"'),
        ('chemical_formula_anonymous="M2AX"', '"A2BC"'),
        ('_nmd_results_method_method_name="dft"', '"DFT"'),
        ('_nmd_results_method_simulation_dft_xc_functional_type="PBE"', '"GGA"'),
        (f'{SYMMETRY}_crystal_system="rhombohedral"', '"trigonal"'),
        (f'{SYMMETRY}_bravais_lattice="fcc"', '"cF"'),
        ('space_group_symbol_hermann_mauguin="225"', "space_group_it_number = 225"),
        ('space_group_symbol_hermann_mauguin="R-3m:H"', '"R -3 m"'),
        (f'{SYMMETRY}_space_group_symbol="225"', f"{SYMMETRY}_space_group_number = 225"),
        ('_demo_dois HAS "https://doi.org/10.1016/x"', '"10.1016/x"'),
        ('_nmd_datasets_doi HAS STARTS WITH "doi:10.1016/"', '"10.1016/"'),
        ('_demo_site="Berlin"', '"berlin"'),
        ('type="structure"', '"structures"'),
        ('structure_features HAS "disordered"', '"disorder"'),
        (f'{SYMMETRY}_crystal_system="Cubic"', '"cubic"'),
        (f'{SYMMETRY}_bravais_lattice="CF"', '"cF"'),
        ('_nmd_results_material_structural_type="Bulk"', '"bulk"'),
        ('_nmd_results_material_structural_type="molecule"', '"molecule / cluster"'),
        ('space_group_symbol_hermann_mauguin="Fm-3m"', '"F m -3 m"'),
        ('space_group_symbol_hermann_mauguin="FM-3M"', '"F m -3 m"'),
        ('space_group_symbol_hermann_mauguin="Fm3m"', '"F m -3 m"'),
        ('space_group_symbol_hermann_mauguin="P2_1/c"', '"P 21/c"'),
        ('space_group_symbol_hermann_mauguin="P 1 21/c 1"', '"P 21/c"'),
        (f"{BAND_GAPS} HAS > 1.1", "_demo_band_gaps HAS > 1.1"),
        (f"{BAND_GAPS} HAS 2", "_demo_band_gaps HAS 2"),
        (f'{SYMMETRY}_space_group_symbol="P21/c"', '"P2_1/c"'),
        (f'{SYMMETRY}_space_group_symbol="F m -3 m"', '"Fm-3m"'),
    ],
)
def test_spelling_is_named(text, meant):
    """A value that no entry has gets one notice with the spelling that could match; who writes so
    gets none."""
    (detail,) = notices(text)
    assert detail.endswith(f"Did you mean {meant}?")
    for spelling in meant.split(" or "):
        mended = re.sub('"[^"]*"', spelling, text, count=1) if meant[0] == '"' else meant
        assert notices(mended) == []


@pytest.mark.parametrize(
    "text",
    [
        'chemical_formula_reduced="quartz"',
        'chemical_formula_reduced=""',
        '_demo_site="rome"',
        'elements HAS "Foo"',
        "space_group_it_number = 231",
        'space_group_symbol_hermann_mauguin="231"',
        'elements HAS "TixOy"',
        'chemical_formula_anonymous="AA"',
        "nperiodic_dimensions != 1e999999",
        "nperiodic_dimensions = 0.5",
        "dimension_types HAS 2",
        'elements HAS CONTAINS "q"',
        'structure_features HAS "magnetic"',
        f'{SYMMETRY}_crystal_system="rhombic dodecahedral"',
        'space_group_symbol_hermann_mauguin="Q"',
    ],
)
def test_nothing_was_meant(text):
    """Where no spelling is alike, the notice says how values are written."""
    (detail,) = notices(text)
    assert "Did you mean" not in detail


@pytest.mark.parametrize(
    "text",
    [
        'chemical_formula_reduced="TiO2" OR chemical_formula_reduced="O2Ti"',
        'elements HAS ANY "ti","Ti"',
        'chemical_formula_reduced < "TiO2"',
        'chemical_formula_reduced STARTS WITH "Al"',
        'chemical_formula_reduced CONTAINS "iO"',
        'chemical_formula_descriptive="TiO2"',
        'elements HAS ALL "Si","O" AND nelements=2',
        'elements HAS > "M"',
        'id="berlin~rome"',
        '_nmd_results_method_method_name = "CCSD(T)"',
        '_demo_authors HAS "nobody"',
        '_demo_dois HAS "10.1016/x"',
        '_demo_dois HAS "example"',
        '_exmpl_site="rome"',
        "nsites > 5",
        "nsites = 1e999999",
        "space_group_it_number = 225.0",
        "space_group_it_number > 230",
        f"{BAND_GAPS} HAS > 1.7e-19",
        f"{BAND_GAPS} HAS ANY 0, < -1",
        "dimension_types HAS ALL 0, 1",
        f'chemical_formula_reduced="{"O" * 200}"',
    ],
)
def test_nothing_to_say(text):
    """Values that an entry may have, and those of which nobody knows, get no notice; nor does one
    of several spellings that are tried together."""
    assert notices(text) == []


def values_of_demo():
    """Every text in the demo's data that is judged, as a condition."""
    for site in SITES:
        for entry in read_entries(site, version="2.0.0"):
            document = entry.document
            optimade = document.get("optimade") or {}
            for kind in ("reduced", "hill", "anonymous"):
                name = f"chemical_formula_{kind}"
                if optimade.get(name) is not None:
                    yield f"{name} = {quoted(optimade[name])}"
                    yield f"{name} CONTAINS {quoted(optimade[name][1:5])}"
            for name in ("elements", "structure_features"):
                yield from (f'{name} HAS "{item}"' for item in optimade.get(name) or ())
            yield from nmd_values(document)


def nmd_values(document):
    """The same of NOMAD's own quantities."""
    results = document.get("results") or {}
    material, method = results.get("material") or {}, results.get("method") or {}
    sections = {
        "_nmd": document,
        "_nmd_results_material": material,
        SYMMETRY: material.get("symmetry") or {},
        "_nmd_results_method": method,
        "_nmd_results_method_simulation": method.get("simulation") or {},
    }
    for start, section in sections.items():
        for key, value in section.items():
            name = f"{start}_{key}"
            if isinstance(value, str) and name in SCOPE.catalogue:
                yield f"{name} = {quoted(value)}"


def test_values_of_the_demo():
    """No value that is in the data is ever said to be impossible."""
    every = dict.fromkeys(values_of_demo())
    assert len(every) > 1_000
    assert {text: found for text in every if (found := notices(text))} == {}


def test_few():
    """However many values are impossible, a filter gets a few notices, and equal ones once."""
    text = " OR ".join(f'elements HAS ANY "q{n}","q{n}"' for n in range(200))
    assert len(notices(text)) == MOST


def test_cheap():
    """Spellings are looked for a few times at most, however many values are impossible."""
    symbols = ", ".join(f'"{one}","{one.lower()}"' for one in ELEMENT_SYMBOLS)
    formulas = ", ".join(f'"{"tio" * 30}{n}"' for n in range(100))
    for text in (f"elements HAS ANY {symbols}", f"elements HAS ANY {formulas}"):
        tree = read_filter(text)
        begun = time.process_time()
        value_notices(tree, scope=SCOPE, sites=SITES)
        assert time.process_time() - begun < 0.2


def test_plan_has_them():
    """The notices come with the plan; what is asked stays as it is."""
    plan = plan_sites(read_filter('elements HAS "ti"'), sites=SITES, scope=SCOPE)
    assert [one.code for one in plan.notices] == ["impossible_value"]
    assert all(one.query is None for one in plan.sites)
