"""`optimade_filter` leaves: what NOMAD's own filter parser makes of them, and what it refuses."""

import re
from collections.abc import Callable

import pytest

from tests.contract.asking import STRUCTURE, Document, Known, Predicate, float32, one, pairs, values

Row = Callable[[Known], tuple[str, Predicate]]
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
FORMULA = "optimade.chemical_formula_reduced"


def fuzzy(name: str, path: str, word: str) -> Row:
    """CONTAINS, STARTS WITH, ENDS WITH on keyword fields."""

    def row(known: Known) -> tuple[str, Predicate]:
        text = str(known.common(path, 1))
        part = {"CONTAINS": text[1:3] or text, "STARTS WITH": text[:2], "ENDS WITH": text[-1]}[word]
        tests: dict[str, Callable[[str], bool]] = {
            "CONTAINS": lambda v: part in v,
            "STARTS WITH": lambda v: v.startswith(part),
            "ENDS WITH": lambda v: v.endswith(part),
        }
        return f'{name} {word} "{part}"', lambda d: any(map(tests[word], values(d, path)))

    return row


def zipped(op: str, *, element: str = "") -> Row:
    """Zipped elements and ratios: one member has both; ratios compare as 32 bit floats."""

    def row(known: Known) -> tuple[str, Predicate]:
        document = known.first(lambda d: any(float32(r) != 1 for _, r in pairs(d)), "ratios")
        symbol, ratio = pairs(document)[0]
        exact = values(document, "optimade.elements_ratios.elements_ratios")[0]
        chosen: dict[str, Callable[[str], bool]] = {
            "": lambda e: e == symbol,
            "!=": lambda e: e != symbol,
            ">": lambda e: e > symbol,
            "<=": lambda e: e <= symbol,
        }
        text = f'elements:elements_ratios HAS {element}"{symbol}":{op}{exact!r}'
        return text, lambda d: any(
            chosen[element](e) and COMPARE[op](r, ratio) for e, r in pairs(d)
        )

    return row


def zipped_many(word: str, join: Callable[[list[bool]], bool]) -> Row:
    """HAS ALL and HAS ANY of tuples."""

    def row(known: Known) -> tuple[str, Predicate]:
        a, b = (known.common("optimade.elements", rank) for rank in (0, 1))
        text = f'elements:elements_ratios HAS {word} "{a}":>0.2,"{b}":<=0.5'

        def predicate(document: Document) -> bool:
            found = pairs(document)
            first = any(e == a and r > float32(0.2) for e, r in found)
            second = any(e == b and r <= 0.5 for e, r in found)
            return join([first, second])

        return text, predicate

    return row


def ratios_first(known: Known) -> tuple[str, Predicate]:
    """The zip may be written the other way round."""
    element = known.common("optimade.elements")
    text = f'elements_ratios:elements HAS >0.3:"{element}"'
    return text, lambda d: any(e == element and r > float32(0.3) for e, r in pairs(d))


def any_element(_: Known) -> tuple[str, Predicate]:
    """An operator on the element reaches every member."""
    return 'elements:elements_ratios HAS >"":<=0.3', lambda d: any(
        r <= float32(0.3) for _, r in pairs(d)
    )


def has_elements(word: str, join: Callable[[list[bool]], bool]) -> Row:
    """HAS ALL and HAS ANY, operators allowed."""

    def row(known: Known) -> tuple[str, Predicate]:
        a, b = (known.common("optimade.elements", rank) for rank in (0, 1))

        def predicate(document: Document) -> bool:
            held = values(document, "optimade.elements")
            return join([a in held, any(e > b for e in held)])

        return f'elements HAS {word} "{a}",>"{b}"', predicate

    return row


def has_one(known: Known) -> tuple[str, Predicate]:
    """HAS."""
    element = known.common("optimade.elements")
    return f'elements HAS "{element}"', lambda d: element in values(d, "optimade.elements")


def has_only(known: Known) -> tuple[str, Predicate]:
    """NOMAD's HAS ONLY is HAS ALL and a length: not the specification's."""
    element = known.common("optimade.elements")
    return f'elements HAS ONLY "{element}"', lambda d: values(d, "optimade.elements") == [element]


def length(op: str, test: Callable[[int], bool]) -> Row:
    """The length of elements is nelements; `!=` also selects entries without."""

    def predicate(document: Document) -> bool:
        count = one(document, "optimade.nelements")
        return op == "!=" if count is None else test(count)

    return lambda _: (f"elements LENGTH {op} 2", predicate)


def unequal(known: Known) -> tuple[str, Predicate]:
    """`!=` also selects entries without the field, without a structure."""
    formula = known.common(FORMULA)
    return f'chemical_formula_reduced != "{formula}"', lambda d: formula not in values(d, FORMULA)


def negated(known: Known) -> tuple[str, Predicate]:
    """So does NOT."""
    count = known.common("optimade.nsites")
    return f"NOT nsites = {count}", lambda d: count not in values(d, "optimade.nsites")


def unknown_field(name: str, path: str) -> Row:
    """IS UNKNOWN also selects entries without a structure."""
    return lambda _: (f"{name} IS UNKNOWN", lambda d: not values(d, path))


def known_field(name: str, path: str) -> Row:
    """IS KNOWN is right for what is indexed; an empty list has no value."""
    return lambda _: (f"{name} IS KNOWN", lambda d: bool(values(d, path)))


def number(op: str) -> Row:
    """Numbers compare."""

    def row(known: Known) -> tuple[str, Predicate]:
        middle = known.common("optimade.nsites")
        return f"nsites {op} {middle}", lambda d: any(
            COMPARE[op](v, middle) for v in values(d, "optimade.nsites")
        )

    return row


def constant_first(known: Known) -> tuple[str, Predicate]:
    """A constant may stand first."""
    middle = known.common("optimade.nsites")
    return f"{middle} < nsites", lambda d: any(v > middle for v in values(d, "optimade.nsites"))


def joined(known: Known) -> tuple[str, Predicate]:
    """AND binds closer than OR."""
    count, element = known.common("optimade.nelements"), known.common("optimade.elements")
    text = f'nsites = 1 OR nelements = {count} AND NOT elements HAS "{element}"'
    return (
        text,
        lambda d: (
            one(d, "optimade.nsites") == 1
            or (
                one(d, "optimade.nelements") == count
                and element not in values(d, "optimade.elements")
            )
        ),
    )


def always(text: str, *, selects: bool) -> Row:
    """Leaves that select all or nothing."""
    return lambda _: (text, lambda _: selects)


def symmetry(known: Known) -> tuple[str, Predicate]:
    """NOMAD's own properties, with and without prefix."""
    path = "results.material.symmetry.space_group_number"
    group = known.common(path)
    text = f"_nmd_results_material_symmetry_space_group_number = {group}"
    return text, lambda d: group in values(d, path)


ROWS: dict[str, Row] = {
    **{
        f"{name} {word}": fuzzy(name, f"optimade.{name}", word)
        for name in (
            "chemical_formula_reduced",
            "chemical_formula_hill",
            "chemical_formula_descriptive",
        )
        for word in ("CONTAINS", "STARTS WITH", "ENDS WITH")
    },
    **{
        f"{name} {word}": fuzzy(name, "entry_id", word)
        for name in ("id", "immutable_id")
        for word in ("CONTAINS", "STARTS WITH", "ENDS WITH")
    },
    "elements CONTAINS": fuzzy("elements", "optimade.elements", "CONTAINS"),
    **{f"zipped {op}": zipped(op) for op in COMPARE},
    **{f"zipped {e} element": zipped("<=", element=e) for e in ("!=", ">", "<=")},
    "zipped all": zipped_many("ALL", all),
    "zipped any": zipped_many("ANY", any),
    "zipped ratios first": ratios_first,
    "zipped any element": any_element,
    "has": has_one,
    "has all": has_elements("ALL", all),
    "has any": has_elements("ANY", any),
    "has only": has_only,
    "length =": length("=", lambda n: n == 2),
    "length <": length("<", lambda n: n < 2),
    "length !=": length("!=", lambda n: n != 2),
    "!=": unequal,
    "NOT": negated,
    "hill unknown": unknown_field("chemical_formula_hill", "optimade.chemical_formula_hill"),
    "nsites unknown": unknown_field("nsites", "optimade.nsites"),
    "hill known": known_field("chemical_formula_hill", "optimade.chemical_formula_hill"),
    "features known": known_field("structure_features", "optimade.structure_features"),
    "last_modified known": always("last_modified IS KNOWN", selects=True),
    "id known": always("id IS KNOWN", selects=True),
    "ratios known": always("elements_ratios IS KNOWN", selects=False),
    "ratios has all": always("elements_ratios HAS ALL >0.1", selects=False),
    **{f"nsites {op}": number(op) for op in COMPARE},
    "constant first": constant_first,
    "and, or, not": joined,
    "other provider compared": always("_exmpl_x > 5", selects=False),
    "other provider contains": always('_exmpl_x CONTAINS "a"', selects=False),
    "other provider known": always("_exmpl_x IS KNOWN", selects=False),
    "other provider unknown": always("_exmpl_x IS UNKNOWN", selects=True),
    "own property": symmetry,
    "own nested property": always(
        "_nmd_results_properties_electronic_band_gap_value > 0", selects=False
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_leaf_selects_what_its_predicate_selects(known: Known, row: str) -> None:
    """A leaf's meaning in NOMAD, also where it is not the specification's."""
    text, predicate = ROWS[row](known)
    assert known.ids({"optimade_filter": text}) == known.expected(predicate)


@pytest.mark.parametrize("row", ROWS)
def test_leaf_mixes_with_native_conditions(known: Known, row: str) -> None:
    """A leaf stands inside and, or, not beside native conditions."""
    text, predicate = ROWS[row](known)
    count = known.common("optimade.nelements")
    query = {
        "and": [
            STRUCTURE,
            {"or": [{"not": {"optimade_filter": text}}, {"optimade.nelements": count}]},
        ]
    }
    expected = known.expected(
        lambda d: (
            "metadata.optimade" in d["quantities"]
            and (not predicate(d) or one(d, "optimade.nelements") == count)
        )
    )
    assert known.ids(query) == expected


REFUSED = {
    "type": ('type = "structures"', "not a known or searchable quantity"),
    "species": ('species.name HAS "Al"', "not a known or searchable quantity"),
    "species_at_sites": ('species_at_sites HAS "Al"', "not a known or searchable quantity"),
    "lattice_vectors": ("lattice_vectors IS KNOWN", "not a known or searchable quantity"),
    "dimension_types": ("dimension_types HAS 1", "not a known or searchable quantity"),
    "unknown": ("nosuch = 1", "not a known or searchable quantity"),
    "unknown own": ("_nmd_nosuch = 1", "not a known or searchable quantity"),
    "features length": ("structure_features LENGTH 0", "LENGTH is not supported"),
    "ratios length": ("elements_ratios LENGTH 2", "LENGTH is not supported"),
    "has operator": ('elements HAS > "Ti"', "Unrecognised operation"),
    "ratio equal": ('elements:elements_ratios HAS "Ti":0.5', "unsupported ES field type"),
    "ratio unequal": ('elements:elements_ratios HAS "Ti":!=0.5', "unsupported ES field type"),
    "zipped only": ('elements:elements_ratios HAS ONLY "Ti":>0.5', "not supported with zip"),
    "date equal": ('last_modified = "2021-01-01T00:00:00Z"', "unsupported ES field type"),
    "other provider equal": ("_exmpl_x = 5", "elastic_mapping_type"),
    "relationship": ('references.id HAS "x"', "Unable to filter on relationships"),
    "NOT NOT": ("NOT NOT nsites = 3", "Syntax error"),
    "unfinished": ("nsites = 3 AND", "Syntax error"),
    "no-break space": ("nsites = 3\xa0AND nsites = 3", "Syntax error"),
}


@pytest.mark.parametrize("row", REFUSED)
def test_leaf_is_refused(known: Known, row: str) -> None:
    """What NOMAD's filter parser or transformer does not take is 422, `loc` doubly nested."""
    text, problem = REFUSED[row]
    answer = known.oasis.find({"optimade_filter": text})
    assert answer.status == 422
    assert problem in answer.detail
    assert answer.body["detail"][0]["loc"] == [["optimade_filter"]]


ILL = {
    "date contains": ('last_modified CONTAINS "2"', 400),
    "number contains": ('nsites CONTAINS "2"', 400),
    "bad date": ('last_modified > "yesterday"', 400),
    "too large": ("nsites > 99999999999", 400),
    "too large for a ratio": ('elements:elements_ratios HAS "Ti":<1e39', 400),
    "too large for any number": ("nsites < 1e400", 400),
    "property against property": ("nsites = nelements", 500),
}


@pytest.mark.parametrize("row", ILL)
def test_leaf_breaks_later(known: Known, row: str) -> None:
    """Some leaves are taken and then fail in Elasticsearch or in NOMAD."""
    text, status = ILL[row]
    assert known.oasis.find({"optimade_filter": text}).status == status


def test_ratios_agree_with_the_composition(known: Known) -> None:
    """The zip and `results.material.elemental_composition` agree away from ties, where both are."""
    element = known.common("optimade.elements")
    zipped_ids = known.ids({"optimade_filter": f'elements:elements_ratios HAS "{element}":>0.3003'})
    member = {"element": element, "atomic_fraction": {"gt": 0.3003}}
    nested_ids = known.ids({"results.material.elemental_composition": member})
    same = {
        d["entry_id"]
        for d in known.structures
        if sorted(values(d, "results.material.elemental_composition.element"))
        == sorted(values(d, "optimade.elements"))
    }
    assert zipped_ids & same == nested_ids & same


PATTERNS: dict[str, tuple[str, Callable[[str, str], str]]] = {
    "star": (r"{a}*{z}", lambda a, z: f"{a}.*{z}"),
    "question mark": (r"{a}?", lambda a, z: f"{a}."),
    "escaped star": (r"{a}\*", lambda a, z: f"{a}\\*"),
    "escaped question mark": (r"{a}\?", lambda a, z: f"{a}\\?"),
    "backslash": (r"{a}\\", lambda a, z: f"{a}\\\\"),
    "backslash before an ordinary character": (r"{a}\{z}", lambda a, z: f"{a}{z}"),
    "empty": (r"", lambda a, z: ""),
    "tab": ("{a}\t", lambda a, z: f"{a}\t"),
    "line feed": ("{a}\n", lambda a, z: f"{a}\n"),
}


@pytest.mark.parametrize("row", PATTERNS)
def test_text_of_contains_is_a_wildcard_pattern(known: Known, row: str) -> None:
    """The text goes raw into a wildcard: `*` and `?` match, one backslash makes them plain."""
    formula = str(known.common(FORMULA, 1))
    a, z = formula[0], formula[1:2] or formula[0]
    text, regex = PATTERNS[row]
    wanted = re.compile(regex(a, z))
    leaf = {"optimade_filter": f'chemical_formula_reduced CONTAINS "{text.format(a=a, z=z)}"'}
    assert known.ids(leaf) == known.expected(lambda d: any(map(wanted.search, values(d, FORMULA))))


def quoted(known: Known) -> str:
    """An upload name with a quotation mark."""
    names = sorted({d["upload_name"] for d in known.documents if '"' in d["upload_name"]})
    if not names:
        pytest.skip("no upload name with a quotation mark")
    return str(names[0])


QUOTES: dict[str, Callable[[str], str]] = {
    "in front": lambda name: name[name.index('"') :][:3],
    "in the middle": lambda name: name[name.index('"') - 1 :][:3],
}


@pytest.mark.parametrize("row", QUOTES)
def test_quotation_mark_is_escaped(known: Known, row: str) -> None:
    """A quotation mark takes one backslash."""
    part = QUOTES[row](quoted(known))
    text = part.replace('"', '\\"')
    leaf = {"optimade_filter": f'upload_name CONTAINS "{text}"'}
    assert known.ids(leaf) == known.expected(lambda d: part in d["upload_name"])


def test_quotation_mark_at_the_end_is_lost(known: Known) -> None:
    """NOMAD strips every quotation mark at the end; a star behind it helps."""
    name = quoted(known)
    part = name[name.index('"') - 2 :][:3]
    text = part.replace('"', '\\"')
    lost = known.ids({"optimade_filter": f'upload_name CONTAINS "{text}"'})
    helped = known.ids({"optimade_filter": f'upload_name CONTAINS "{text}*"'})
    assert lost == set()
    assert helped == known.expected(lambda d: part in d["upload_name"]) != set()


def test_text_beyond_ascii(known: Known) -> None:
    """Letters beyond ASCII match as they are."""
    found = known.first(lambda d: not d["upload_name"].isascii(), "names beyond ASCII")
    at = next(i for i, char in enumerate(found["upload_name"]) if not char.isascii())
    part = found["upload_name"][at : at + 2]
    leaf = {"optimade_filter": f'upload_name CONTAINS "{part}"'}
    assert known.ids(leaf) == known.expected(lambda d: part in d["upload_name"])


LENGTHS = {
    "CONTAINS repeated": ("CONTAINS", "a" * 314, "a" * 315),
    "CONTAINS pairs": ("CONTAINS", "ab" * 221 + "a", "ab" * 222),
    "CONTAINS tens": ("CONTAINS", "0123456789" * 98, "0123456789" * 98 + "0"),
    "ENDS WITH repeated": ("ENDS WITH", "a" * 445, "a" * 446),
    "STARTS WITH": ("STARTS WITH", "a" * 999, "a" * 1000),
}


@pytest.mark.parametrize("row", LENGTHS)
def test_length_of_texts_is_limited(known: Known, row: str) -> None:
    """How long a text may be depends on how much it repeats itself; 300 characters always pass."""
    word, longest, too_long = LENGTHS[row]
    leaf = 'chemical_formula_reduced {} "{}"'
    assert known.oasis.find({"optimade_filter": leaf.format(word, longest)}).total == 0
    assert known.oasis.find({"optimade_filter": leaf.format(word, too_long)}).status == 400
