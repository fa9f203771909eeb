"""Each control of the search page with the filter that it writes and its hits on the demo."""

from dataclasses import dataclass

from gateway.page.form.fields import Fields

GAP = "_nmd_results_properties_electronic_band_gap_value"
KIND = "_nmd_results_material_structural_type"
SYSTEM = "_nmd_results_material_symmetry_crystal_system"


@dataclass(frozen=True, slots=True)
class Control:
    """One row."""

    name: str
    fields: Fields
    filter: str
    hits: int


CONTROLS = (
    Control("all", Fields(elements="Ti O"), 'elements HAS ALL "Ti", "O"', 15),
    Control("any", Fields(elements="Ti O", mode="any"), 'elements HAS ANY "Ti", "O"', 316),
    Control("only", Fields(elements="Ti O", mode="only"), 'elements HAS ONLY "Ti", "O"', 17),
    Control("exactly", Fields(elements="Ti O", mode="exactly"),
            'elements HAS ALL "Ti", "O" AND nelements = 2', 5),
    Control("without", Fields(without="Pb Cd"), 'NOT elements HAS ANY "Pb", "Cd"', 1320),
    Control("TiO2", Fields(formula="TiO2"), 'chemical_formula_reduced = "O2Ti"', 4),
    Control("Ti4O8", Fields(formula="Ti4O8"), 'chemical_formula_reduced = "O2Ti"', 4),
    Control("AB2", Fields(formula="AB2"), 'chemical_formula_anonymous = "A2B"', 200),
    Control("system", Fields(formula="Ba-Ti-O"),
            'elements HAS ALL "Ba", "Ti", "O" AND nelements = 3', 1),
    Control("wildcard", Fields(formula="*TiO3"),
            'elements HAS ALL "Ti", "O" AND chemical_formula_reduced CONTAINS "O3" '
            'AND chemical_formula_anonymous = "A3BC"', 7),
    Control("sites", Fields(nsites_min="5", nsites_max="20"), "nsites >= 5 AND nsites <= 20", 670),
    Control("number of elements", Fields(nelements_min="3", nelements_max="3"),
            "nelements = 3", 316),
    Control("periodic", Fields(periodic=("2", "3")),
            "nperiodic_dimensions = 2 OR nperiodic_dimensions = 3", 1001),
    Control("kind", Fields(kinds=("2D", "surface")), f'{KIND} = "surface" OR {KIND} = "2D"', 22),
    Control("crystal system", Fields(systems=("cubic", "hexagonal")),
            f'{SYSTEM} = "cubic" OR {SYSTEM} = "hexagonal"', 400),
    Control("space group", Fields(space_group="225"), "space_group_it_number = 225", 55),
    Control("symbol", Fields(space_group="Fm-3m"), "space_group_it_number = 225", 55),
    Control("band gap", Fields(gap_min="1.17", gap_max="2.5"),
            f"{GAP}:{GAP} HAS >= 1.8745466E-19:<= 4.0054416E-19", 5),
)  # fmt: skip
