"""Filters of every shape, as large as the limits allow: what a stranger could send at worst.

Each shape is one piece, repeated until the filter is full; `#` in a piece is its number, `$` an
element, `@` a site. The limits are those of the configuration's defaults.
"""

from collections.abc import Iterator
from itertools import cycle

from gateway.config import FilterKeys
from gateway.properties import ELEMENT_SYMBOLS

LIMITS = FilterKeys()
SITES = tuple(f"site-{number}" for number in range(50))

GAP = "_nmd_results_properties_electronic_band_gap_"
ZIP = f"{GAP}value:{GAP}type"

# Joined by OR and by AND.
TERMS = (
    "nsites=#",
    "nsites!=#",
    "nsites>#",
    "NOT nsites=#",
    "nsites=#.5",
    "nsites<#e30",
    "NOT(nsites=# AND nelements=#)",
    "(nsites># AND nelements!=#)",
    "(nsites># OR nelements!=#)",
    "nelements",
    "nsites IS UNKNOWN",
    "#<#",
    '"#"=chemical_formula_hill',
    'chemical_formula_hill="#"',
    'chemical_formula_hill!="#"',
    'chemical_formula_hill>"#"',
    'chemical_formula_hill CONTAINS "#"',
    'chemical_formula_hill STARTS "#"',
    'NOT chemical_formula_hill ENDS "#"',
    'immutable_id="#"',
    'immutable_id>"#"',
    'id="@~#"',
    'id!="@~#"',
    'id>"@~#"',
    'id CONTAINS "#"',
    'id CONTAINS "e-1~#"',
    'id STARTS "@~#"',
    'NOT id ENDS "1~#"',
    '(id="@~#" AND nsites=#)',
    '(id>"@~#" OR nsites=#)',
    '_fed_site="@"',
    '_fed_site>"s#"',
    'NOT _fed_site CONTAINS "#"',
    'type="#"',
    'elements HAS "$"',
    'NOT elements HAS "$"',
    'elements HAS !="$"',
    'elements HAS >"$#"',
    'elements HAS ONLY "$","#"',
    'NOT elements HAS ONLY !="$"',
    'elements HAS CONTAINS "#"',
    'elements HAS ALL >"$",<"#"',
    "elements LENGTH #",
    "elements LENGTH !=#",
    'structure_features HAS ONLY "#"',
    'structure_features HAS !="#"',
    "structure_features LENGTH !=#",
    "NOT structure_features LENGTH 2",
    "elements_ratios HAS >0.#",
    "elements_ratios HAS ALL >0.#,<.9",
    "NOT elements_ratios HAS ONLY .#",
    'elements:elements_ratios HAS "$":>.#',
    'elements:elements_ratios HAS !="$":!=.#',
    'elements:elements_ratios HAS ONLY >"$":.#',
    'space_group_symbol_hermann_mauguin>"P#"',
    'space_group_symbol_hermann_mauguin CONTAINS "#"',
    "space_group_it_number!=#",
    'last_modified>"20#-01-01T00:00:00Z"',
    'last_modified!="2020-01-01T00:00:00.#Z"',
    'references.id HAS "doi.#"',
    'references.id HAS !="doi.#"',
    'references.doi HAS >"10.#"',
    'references.doi HAS ONLY !="10.#"',
    'NOT references.doi HAS ONLY STARTS "10.#"',
    '_fed_dois HAS "#"',
    '_fed_authors HAS !="#"',
    'NOT _fed_authors HAS ONLY "#"',
    '_fed_datasets HAS STARTS "#"',
    "_nmd_n_quantities!=#",
    '_nmd_description="#"',
    '_nmd_upload_name!="#"',
    f'{GAP}type HAS !="#"',
    f"{GAP}value HAS ONLY !=#e-20",
    f'{ZIP} HAS !=#e-20:!="#"',
    "_exmpl_x#=1",
    "species._exmpl_x# IS KNOWN",
    "dimension_types LENGTH !=#",
)

# One leaf; its list is as long as is allowed.
LISTS = (
    ("elements HAS ANY", '"$"'),
    ("elements HAS ANY", '!="#"'),
    ("elements HAS ALL", '"#"'),
    ("elements HAS ALL", '!="$"'),
    ("elements HAS ALL", '>"$"'),
    ("elements HAS ONLY", '<"$#"'),
    ("NOT elements HAS ALL", 'CONTAINS "#"'),
    ("NOT structure_features HAS ALL", '!="#"'),
    ("elements_ratios HAS ANY", ".#"),
    ("elements_ratios HAS ALL", "!=.#"),
    ("NOT elements_ratios HAS ONLY", ".#"),
    ("elements:elements_ratios HAS ANY", '"$":.#'),
    ("elements:elements_ratios HAS ALL", '!="$":!=.#'),
    ("elements:elements_ratios HAS ALL", '"$":!=.#'),
    ("elements:elements_ratios HAS ONLY", '"$":.#'),
    ("elements:elements_ratios HAS ONLY", '!="$":!=.#'),
    ("elements:elements_ratios HAS ONLY", '>"$":<.#'),
    ("elements:elements_ratios:elements_ratios HAS ANY", '"$":>.#:<.9'),
    ("elements:elements_ratios:elements:elements_ratios HAS ALL", '!="$":!=.#:!="#":!=.5'),
    ("_fed_authors HAS ANY", '"#"'),
    ("_fed_authors HAS ANY", '!="#"'),
    ("_fed_authors HAS ALL", '!="#"'),
    ("_fed_authors HAS ONLY", '"#"'),
    ("NOT _fed_authors HAS ONLY", '>"#"'),
    ("_fed_authors:_fed_authors HAS ALL", '>"#":!="#a"'),
    (f"{GAP}value HAS ANY", "!=#e-20"),
    (f"{GAP}value HAS ALL", "!=#e-20"),
    (f"{GAP}index HAS ONLY", "#"),
    (f"{ZIP} HAS ANY", '#e-20:"#"'),
    (f"{ZIP} HAS ALL", '!=#e-20:!="#"'),
    (f"{ZIP}:{GAP}index HAS ANY", '!=#e-20:!="#":!=#'),
    (f"{ZIP}:{ZIP} HAS ALL", '!=#e-20:!="#":!=0:!="a"'),
    ("references.id HAS ANY", '"doi.#"'),
    ("references.id HAS ALL", '!="doi.#"'),
    ("references.id HAS ONLY", '"ref.#"'),
    ("references.doi HAS ANY", '>"10.#"'),
    ("references.doi HAS ALL", '!="10.#"'),
    ("references.doi HAS ONLY", '!="10.#"'),
    ("NOT references.doi HAS ONLY", '"10.#"'),
    ("_exmpl_x:_exmpl_y HAS ANY", "#:#"),
)

# One item of many columns; a column and its test.
COLUMNS = (
    ("elements_ratios", "!=.#"),
    ("elements_ratios", ">.#"),
    ("elements", '!="$"'),
    ("elements", 'CONTAINS "#"'),
    ("_fed_authors", '!="#"'),
    (f"{GAP}index", "!=#"),
    (f"{GAP}value:{GAP}index", "!=#:!=#"),
    ("_exmpl_x", "#"),
)

# Nested: what begins and what ends each level.
NESTS = (
    ("(nsites=# OR nelements># AND ", ")"),
    ('(id>"@~#" OR nelements># AND ', ")"),
    ('(elements HAS !="$" OR nelements># AND ', ")"),
    ("NOT(nsites=# OR nelements># AND ", ")"),
    ("(nsites=# AND (nelements># OR ", "))"),
    ("NOT(", ")"),
    ("(", ")"),
    ('NOT(elements HAS ONLY "$" AND ', ")"),
)

LONE = (
    'chemical_formula_hill="' + "x" * 16_000 + '"',
    'chemical_formula_hill CONTAINS "' + "ab" * 999 + '"',
    'id CONTAINS "' + "e-1~" * 499 + '"',
    'id CONTAINS "' + "x" * 1_990 + '"',
    "nsites=" + "9" * 16_000,
    "elements_ratios HAS ." + "9" * 16_000,
    "nsites<1e-999999999999",
    " OR ".join(f"nsites={number * (2**61 - 1)}" for number in range(1, 500)),
    " AND ".join(f"{GAP}value HAS {2**61**1 * number}e0" for number in range(1, 200)),
)


def large_filters() -> Iterator[tuple[str, str]]:
    """A name for each shape, and its filter at the limit."""
    for term in TERMS:
        for word in ("OR", "AND"):
            yield f"{term} {word} ..", _full("", f" {word} ", term, most=LIMITS.terms)
        yield (
            f"{term} OR (.. AND ..)",
            _full("", " OR ", f"({term} AND {term})", most=LIMITS.terms // 2),
        )
    for head, item in LISTS:
        yield f"{head} {item}, ..", _full(f"{head} ", ",", item, most=LIMITS.values)
    for column, test in COLUMNS:
        yield f"{column}:.. HAS {test}:..", _zipped(column, test)
    for begin, end in NESTS:
        yield f"{begin}..{end}", _nested(begin, end)
    for text in LONE:
        yield f"{text[:40]} ..", text


def _numbered(piece: str) -> Iterator[str]:
    places = zip(cycle(ELEMENT_SYMBOLS), cycle(SITES))
    for number, (element, site) in enumerate(places, start=1):
        yield piece.replace("$", element).replace("@", site).replace("#", str(number))


def _full(head: str, joint: str, piece: str, *, most: int) -> str:
    parts, length = [], len(head)
    values = max(1, piece.count(":") - head.count("x:x") if head else 1)
    for part in _numbered(piece):
        length += len(part) + len(joint)
        if length > LIMITS.length or (len(parts) + 1) * values > most:
            break
        parts.append(part)
    if head.count(":"):
        columns = head.split(" HAS", maxsplit=1)[0].count(":") + 1
        parts = parts[: most // columns]
    comparisons = piece.count(" AND ") + piece.count(" OR ") + 1
    if not head:
        parts = parts[: LIMITS.terms // comparisons]
        lists = piece.count(",") + piece.count(":") + 1
        if "HAS" in piece:
            parts = parts[: LIMITS.values // lists]
    return head + joint.join(parts)


def _zipped(column: str, test: str) -> str:
    columns = column.count(":") + 1
    count = min(LIMITS.values // columns, (LIMITS.length - 10) // (len(column) + len(test) + 8))
    tests = [test for test, _ in zip(_numbered(test), range(count), strict=False)]
    return f"{':'.join([column] * count)} HAS {':'.join(tests)}"


def _nested(begin: str, end: str) -> str:
    per_level = 2 if begin.count("(") == 1 and " OR " in begin else 1
    count = min(100, LIMITS.depth // per_level)
    begins = [begin for begin, _ in zip(_numbered(begin), range(count), strict=False)]
    return "".join(begins) + "nsites=1" + end * count
