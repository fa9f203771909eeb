"""A property and a text it is compared with -> why no entry has it, and what was perhaps meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from gateway.catalogue.enumerations import read_enumerations
from gateway.catalogue.space_groups import space_group_spelling
from gateway.model import REFERENCES
from gateway.parse.tree import FuzzyOp, Op
from gateway.plan.leaves.lists import words_matching
from gateway.plan.names import Scope
from gateway.plan.notices.formulas import (
    RULES,
    Kind,
    anonymous_of,
    formulas_like,
    is_formula,
    is_part,
)
from gateway.plan.notices.words import elements_in, starts_like, symbols_like, words_like
from gateway.properties import Property
from gateway.references import DOI_PREFIXES, DOI_START

_FORMULAS: dict[str, Kind] = {
    f"{start}chemical_formula_{kind}": kind
    for start in ("", "_nmd_results_material_")
    for kind in RULES
}
_HERMANN_MAUGUIN = "space_group_symbol_hermann_mauguin"
_NOMAD_SYMBOL = "_nmd_results_material_symmetry_space_group_symbol"
_NUMBERS = {
    _HERMANN_MAUGUIN: "space_group_it_number",
    _NOMAD_SYMBOL: "_nmd_results_material_symmetry_space_group_number",
}
_CLOSED = "_nmd_results_material_"
"""Where NOMAD's words are those of crystallography and chemistry, which stay."""
_LIMITS = {
    "dimension_types": (0, 1),
    "nperiodic_dimensions": (0, 3),
    "space_group_it_number": (1, 230),
    "_nmd_results_material_symmetry_space_group_number": (1, 230),
}
_GAPS = "_nmd_results_properties_electronic_band_gap_value"
_LARGEST_GAP = Decimal("1e-16")
"""In joule: some 600 eV."""
_SHOWN_CHARACTERS = 150
_SHORT_RULE = 'items are chemical symbols, such as "Ti"'


@dataclass(frozen=True, slots=True)
class Impossible:
    """No entry has the value: how its values are written, and those that may have been meant."""

    rule: str
    meant: tuple[str, ...] = ()
    elsewhere: str = ""
    """A condition on another property that may have been meant."""


def judge(
    found: Property, op: Op | FuzzyOp, text: str, *, scope: Scope, sites: Sequence[str]
) -> Impossible | None:
    """None: an entry may have it, or nobody knows. Only `=`, `!=` and parts of texts are judged."""
    if op in ("<", "<=", ">", ">="):
        return None
    part = op if op in ("CONTAINS", "STARTS", "ENDS") else None
    kind = _FORMULAS.get(found.name)
    if kind is not None:
        return _formula(text, kind, part)
    if found.quantity == "datasets.doi" or (scope.entry_type, found.name) == (REFERENCES, "doi"):
        return _doi(text)
    words = _words(found, scope, sites)
    if words is None or words_matching(words, part or "=", text):
        return None
    if found.name in (_HERMANN_MAUGUIN, _NOMAD_SYMBOL):
        return _symbol(found.name, text)
    return _word(found, part, text, words)


def judge_number(
    found: Property, op: Op | FuzzyOp, number: Decimal, *, prefix: str
) -> Impossible | None:
    """The same for whole numbers of which few can occur, and for electronvolts that are compared
    with joules."""
    if found.name.startswith("_nmd_") and found.name.endswith("band_gap_value"):
        return _joules(found.name, op, number, prefix) if number > _LARGEST_GAP else None
    limits = _LIMITS.get(found.name)
    if limits is None or op not in ("=", "!="):
        return None
    low, high = limits
    if low <= number <= high and number == int(number):
        return None
    return Impossible(f"the values are whole numbers from {low} to {high}")


def _joules(name: str, op: Op | FuzzyOp, number: Decimal, prefix: str) -> Impossible:
    test = f"HAS {number}" if op == "=" else f"HAS {op} {number}"
    elsewhere = f"_{prefix}_band_gaps {test}" if name == _GAPS else ""
    return Impossible("the values are in joule, and 1 eV is 1.6e-19 J", elsewhere=elsewhere)


def _formula(text: str, kind: Kind, part: FuzzyOp | None) -> Impossible | None:
    if is_formula(text, kind) if part is None else is_part(text, part, kind):
        return None
    meant = formulas_like(text, kind, is_whole=part is None)
    anonymous = None if meant or kind == "anonymous" or part else anonymous_of(text)
    elsewhere = f'chemical_formula_anonymous = "{anonymous}"' if anonymous else ""
    return Impossible(RULES[kind], meant, elsewhere)


def _symbol(name: str, text: str) -> Impossible:
    spaced = name == _HERMANN_MAUGUIN
    rule = f'symbols are written as in "{"P 21/c" if spaced else "P2_1/c"}"'
    if text.isascii() and text.isdecimal():
        number = int(text[:4])
        last = _LIMITS[_NUMBERS[name]][1]
        elsewhere = f"{_NUMBERS[name]} = {number}" if 1 <= number <= last else ""
        return Impossible(rule, elsewhere=elsewhere)
    return Impossible(rule, symbols_like(text, spaced=spaced))


def _word(
    found: Property, part: FuzzyOp | None, text: str, words: Sequence[str]
) -> Impossible | None:
    meant = starts_like(text, words) if part == "STARTS" else ()
    meant = meant or words_like(text, words)
    if not meant and found.name.startswith("_nmd_") and not found.name.startswith(_CLOSED):
        return None  # other versions of NOMAD, and plugins, may know more words
    is_element = found.type == "list" and "Ti" in words and part is None
    several = elements_in(text) if is_element and not meant else ()
    listed = ", ".join(f'"{one}"' for one in several)
    return Impossible(_one_of(words), meant, f"{found.name} HAS ALL {listed}" if several else "")


def _doi(text: str) -> Impossible | None:
    bare = next(
        (text.removeprefix(one) for one in DOI_PREFIXES if one and text.startswith(one)), ""
    )
    rule = f'DOIs begin with "{DOI_START}", without an address before it'
    return Impossible(rule, (bare,)) if bare.startswith(DOI_START) else None


def _words(found: Property, scope: Scope, sites: Sequence[str]) -> Sequence[str] | None:
    """All words that the property can have; None: not known."""
    if found.name in (f"_{scope.prefix}_site", f"_{scope.prefix}_sites"):
        return sites
    if found.name == "type":
        return (scope.entry_type,)
    if found.name == _NOMAD_SYMBOL:
        return tuple(space_group_spelling().values())
    return found.vocabulary or read_enumerations().get(found.name)


def _one_of(words: Sequence[str]) -> str:
    listed = ", ".join(f'"{word}"' for word in words)
    if len(listed) <= _SHOWN_CHARACTERS:
        return f"the values are {listed}"
    return _SHORT_RULE if "Ti" in words else f'there are {len(words)} values, such as "{words[0]}"'
