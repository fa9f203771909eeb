"""Fields -> filter -> fields: what is written, what is refused, and that nothing is lost."""

from dataclasses import fields as fields_of
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import FilterSyntaxError
from gateway.page.form.fields import CRYSTAL_SYSTEMS, KINDS, MODES, PERIODIC, Fields, read_fields
from gateway.page.form.filter_text import FieldErrors, read_back, write_fields
from gateway.page.form.rules import Vocabulary
from gateway.parse import read_filter, write_filter
from gateway.parse.tree import And, Not, Or
from tests.page.form.controls import CONTROLS
from tests.parse.test_laws import any_leaf, trees

KNOWN = Vocabulary("demo", ("berlin", "munich"))
GAP = "_nmd_results_properties_electronic_band_gap_value"
PROGRAM = "_nmd_results_method_simulation_program_name"


@pytest.mark.parametrize("control", CONTROLS, ids=lambda one: one.name)
def test_control_writes(control) -> None:
    """Each control writes the filter of the table in page.md, and shows itself from it again."""
    assert write_fields(control.fields, KNOWN) == control.filter
    again = read_back(control.filter, KNOWN)
    assert again.further == ""
    assert write_fields(again, KNOWN) == control.filter


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, ""),
        ({"elements": "Ti", "mode": "any"}, 'elements HAS "Ti"'),
        ({"without": "Pb"}, 'NOT elements HAS "Pb"'),
        ({"formula": "**2O3"}, 'elements HAS ALL "O" AND chemical_formula_reduced CONTAINS "O3" '
                               'AND chemical_formula_anonymous = "A3B2C"'),
        ({"formula": "*3TiO"}, 'elements HAS ALL "Ti", "O" AND '
                               'NOT chemical_formula_reduced CONTAINS "O3" AND '
                               'NOT chemical_formula_reduced CONTAINS "Ti3" AND '
                               'chemical_formula_anonymous = "A3BC"'),
        ({"formula": "*TiO"}, 'elements HAS ALL "Ti", "O" AND chemical_formula_anonymous = "ABC"'),
        ({"formula": "Ti-O-*"}, 'elements HAS ALL "Ti", "O" AND nelements = 3'),
        ({"formula": "*-*"}, "nelements = 2"),
        ({"formula": "Ca(OH)₂"}, 'chemical_formula_reduced = "CaH2O2"'),
        ({"formula": "Fe0.5O"}, 'chemical_formula_reduced = "FeO2"'),
        ({"formula": "C2B4A2"}, 'chemical_formula_anonymous = "A2BC"'),
        ({"nsites_min": "5"}, "nsites >= 5"),
        ({"nsites_max": "1,000"}, "nsites <= 1000"),
        ({"gap_min": "1,17"}, f"{GAP} HAS >= 1.8745466E-19"),
        ({"gap_min": "0", "gap_max": "0"}, f"{GAP}:{GAP} HAS >= 0:<= 0"),
        ({"program": "VASP*"}, f'{PROGRAM} STARTS WITH "VASP"'),
        ({"dataset": "https://doi.org/10.1234/a(b)"}, '_demo_dois HAS "10.1234/a(b)"'),
        ({"dataset": 'The "first"'}, '_demo_datasets HAS "The \\"first\\""'),
        ({"authors": "A B; C*"}, '_demo_authors HAS "A B" AND _demo_authors HAS STARTS WITH "C"'),
        ({"sites": ("munich", "berlin")}, '_demo_site = "berlin" OR _demo_site = "munich"'),
        ({"further": "a = 1 OR b = 2", "formula": "NaCl"},
         'chemical_formula_reduced = "ClNa" AND (a = 1 OR b = 2)'),
    ],
)  # fmt: skip
def test_what_is_written(changes: dict[str, object], text: str) -> None:
    """Each field means what its hint says."""
    assert write_fields(replace(Fields(), **changes), KNOWN) == text


@pytest.mark.parametrize(
    ("field", "text", "answer"),
    [
        ("elements", "Ti Zz", "'Zz' is no element"),
        ("mode", "maybe", "'maybe' is none of all"),
        ("formula", "TiX2", "'X' is no element; unknown elements are written *"),
        ("formula", "Ti(O", "parenthesis"),
        ("formula", "Ti)O", "parenthes"),
        ("formula", "2", "cannot be read"),
        ("formula", "Ti0", "number 0"),
        ("formula", "Ti9999999", "at most 100,000"),
        ("formula", "Ba-Qq", "'Qq' is no element"),
        ("formula", "A" * 201, "at most 200"),
        ("formula", "*" * 27, "at most 26"),
        ("nsites_min", "abc", "no whole number"),
        ("nsites_min", "-1", "no whole number"),
        ("gap_min", "1e3", "no band gap"),
        ("space_group", "231", "1 to 230"),
        ("space_group", "Foo", "no space group"),
        ("program", "*", "before the *"),
        ("program", "a\x07", "cannot be seen"),
        ("dataset", "x" * 301, "At most 300"),
        ("further", "nsites = ", "column 9"),
    ],
)
def test_what_is_refused(field: str, text: str, answer: str) -> None:
    """A field that cannot be understood is named, with a sentence that says what is wrong."""
    changed = replace(Fields(), elements="Ti" if field == "mode" else "")
    with pytest.raises(FieldErrors) as caught:
        write_fields(replace(changed, **{field: text}), KNOWN)
    (error,) = caught.value.errors
    assert error.field == field
    assert answer in error.sentence


def test_limits_the_wrong_way_round() -> None:
    """An upper limit below the lower one is refused at the upper one."""
    with pytest.raises(FieldErrors) as caught:
        write_fields(Fields(nsites_min="9", nsites_max="3", gap_min="2", gap_max="1"), KNOWN)
    assert [error.field for error in caught.value.errors] == ["nsites_max", "gap_max"]


@pytest.mark.parametrize(
    "text",
    [
        'chemical_formula_reduced = "TiO2"',  # not how a reduced formula is written
        "nsites > 5",
        "nsites >= 5.5",
        '_demo_site = "hamburg"',
        'elements HAS "Ti" AND elements HAS "O"',
        "nsites = 1 OR nelements = 2",
        '_demo_authors HAS "a;b"',
        'chemical_formula_anonymous = "B2A"',
        "space_group_it_number = 500",
        "1 = 1",
    ],
)
def test_what_no_field_shows_stays_as_text(text: str) -> None:
    """Conditions for which there is no field are under "Further conditions", unchanged."""
    again = read_back(text, KNOWN)
    assert again.further
    assert _same(write_fields(again, KNOWN), text)


def test_too_long_a_filter_is_no_address() -> None:
    """What the API would refuse for its length is said beside the longest field."""
    authors = ";".join(f"author {n}" for n in range(2000))
    with pytest.raises(FieldErrors) as raised:
        write_fields(Fields(elements="Ti O", authors=authors), KNOWN)
    (error,) = raised.value.errors
    assert error.field == "authors"
    assert "at most 16,384" in error.sentence
    longest = " AND ".join(f"nsites>{n}" for n in range(1_000, 2_000))[:16_380].rpartition(" AND")[
        0
    ]
    assert read_back(longest, KNOWN).further  # with spaces it is longer than it was


def test_what_cannot_be_read() -> None:
    """A filter that is none has no fields, but an error with its column."""
    with pytest.raises(FilterSyntaxError) as caught:
        read_back("nsites == 2", KNOWN)
    assert caught.value.column == 9


def test_table_and_text_field() -> None:
    """What is changed in the periodic table or in the text field counts, whichever it was."""
    sent = {"before": ["Ti O"], "elements": ["Ti O Zz"], "element": ["Ti", "N"]}
    assert read_fields(sent).elements == "Ti N Zz"
    assert (
        read_fields({"before": ["Ti O"], "elements": ["Ti"], "element": ["Ti", "O"]}).elements
        == "Ti"
    )
    assert read_fields({"elements": ["Ti O"]}).elements == "Ti O"
    assert read_fields({"before": [""], "element": ["Ti", "O"]}).elements == "Ti O"
    assert read_fields({"element": ["Ti", "O"]}).elements == "Ti O"  # a link made by hand


def test_a_thousand_conditions_are_read_quickly() -> None:
    """What is tried to fill the fields does not grow with the square of the filter."""
    many = " AND ".join(
        [f'chemical_formula_anonymous = "A{n}B"' for n in range(2, 150)]
        + [f'elements HAS ALL "Ti","O","N" AND nsites >= {n}' for n in range(100)]
    )
    again = read_back(many, Vocabulary("demo", ()))
    assert _same(write_fields(again, KNOWN), many)


symbols = st.lists(st.sampled_from(["Ti", "O", "Ba", "H", "Zn"]), max_size=3, unique=True)
words = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=";"), max_size=12)
    .map(str.strip)
    .filter(lambda text: not text.startswith("*"))
)
numbers = st.sampled_from(["", "1", "2", "3", "20", "1000"])
some_fields = st.builds(
    Fields,
    elements=symbols.map(" ".join),
    mode=st.sampled_from(list(MODES)),
    without=symbols.map(" ".join),
    formula=st.sampled_from(
        ["", "TiO2", "AB2", "ABC3", "Ba-Ti-O", "*TiO3", "*3TiO", "**2O3", "Ti-O-*", "*2*3", "*"]
    ),
    nelements_min=numbers,
    nsites_max=numbers,
    nsites_min=st.sampled_from(["", "1"]),
    periodic=st.lists(st.sampled_from(list(PERIODIC)), unique=True).map(tuple),
    kinds=st.lists(st.sampled_from(list(KINDS)), unique=True).map(tuple),
    systems=st.lists(st.sampled_from(CRYSTAL_SYSTEMS), unique=True).map(tuple),
    space_group=st.sampled_from(["", "225", "Fm-3m", "P6_3/mmc"]),
    gap_min=st.decimals(0, 1, places=6).map(str),
    gap_max=st.sampled_from(["", "1", "2.5", "7.123456789"]),
    program=words,
    dataset=words | st.just("doi:10.1234/x"),
    authors=words,
    sites=st.lists(st.sampled_from(["berlin", "munich"]), unique=True).map(tuple),
    further=st.sampled_from(["", "nsites > 5", "a = 1 OR b = 2", 'elements HAS "Ti"']),
)  # fmt: skip


@given(some_fields)
def test_fields_are_stable(fields: Fields) -> None:
    """fields -> filter -> fields -> filter: the second filter is the first."""
    text = write_fields(fields, KNOWN)
    assert write_fields(read_back(text, KNOWN), KNOWN) == text


@settings(deadline=None)
@given(some_fields)
def test_nothing_that_a_field_can_show_is_left_over(fields: Fields) -> None:
    """Each field alone is read back into fields: nothing of it is under "Further conditions"."""
    for one in fields_of(Fields):
        if one.name in ("mode", "further"):
            continue
        alone = replace(Fields(), **{one.name: getattr(fields, one.name)})
        assert read_back(write_fields(alone, KNOWN), KNOWN).further == ""


@settings(deadline=None)
@given(trees(any_leaf, 10))
def test_any_filter_is_kept(tree) -> None:
    """Any filter -> fields and further conditions -> filter: logically the same one."""
    text = write_filter(tree)
    assert _same(write_fields(read_back(text, KNOWN), KNOWN), text)


@settings(deadline=None)
@given(some_fields, trees(any_leaf, 4))
def test_filters_near_the_fields_are_kept(fields: Fields, tree) -> None:
    """Conditions of fields, mixed with others, repeated and negated, are the same afterwards."""
    written = write_fields(fields, KNOWN)
    text = f"({write_filter(tree)}) AND {written}" if written else write_filter(tree)
    if written:
        first = written if "(" in written else written.split(" AND ")[0]
        text += f" AND NOT ({written}) AND {first}"
    assert _same(write_fields(read_back(text, KNOWN), KNOWN), text)


def _same(one: str, other: str) -> bool:
    return _sets(read_filter(one)) == _sets(read_filter(other))


def _sets(node):
    """A tree in which the order of conditions and repetitions are no difference."""
    match node:
        case And(parts):
            flat = [
                part for sub in map(_sets, parts) for part in (sub[1] if _is(sub, "and") else [sub])
            ]
            return _one("and", flat)
        case Or(parts):
            flat = [
                part for sub in map(_sets, parts) for part in (sub[1] if _is(sub, "or") else [sub])
            ]
            return _one("or", flat)
        case Not(part):
            return ("not", _sets(part))
        case leaf:
            return leaf


def _is(node, kind) -> bool:
    return isinstance(node, tuple) and node[0] == kind


def _one(kind, parts):
    distinct = frozenset(parts)
    return next(iter(distinct)) if len(distinct) == 1 else (kind, distinct)
