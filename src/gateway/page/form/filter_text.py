"""Fields -> the text of a filter, and back: the filter is the only state of the page."""

from dataclasses import asdict, replace
from itertools import islice

from gateway.errors import FilterError
from gateway.page.form import choice_fields, element_fields, number_fields
from gateway.page.form.fields import Fields
from gateway.page.form.rules import FieldError, FieldRule, Vocabulary, subject_of
from gateway.parse import read_filter, write_filter
from gateway.parse.tree import And, Compare, Node, Not

RULES: tuple[FieldRule, ...] = (
    element_fields.FORMULA,
    element_fields.ELEMENTS,
    element_fields.WITHOUT,
    number_fields.NELEMENTS,
    number_fields.NSITES,
    choice_fields.PERIODICITY,
    choice_fields.KINDS_RULE,
    choice_fields.SYSTEMS,
    number_fields.SPACE_GROUP,
    number_fields.GAP,
    choice_fields.PROGRAMS,
    choice_fields.DATASET,
    choice_fields.AUTHORS,
    choice_fields.SITES,
)
"""All fields. What two of them could show goes to the first."""
_ORDER = (
    "elements",
    "chemical_formula_reduced",
    "chemical_formula_anonymous",
    "nelements",
    "nsites",
    choice_fields.PERIODIC_DIMENSIONS,
    choice_fields.KIND,
    choice_fields.CRYSTAL_SYSTEM,
    "space_group_it_number",
    number_fields.BAND_GAP,
    choice_fields.PROGRAM,
)
"""The order of conditions in the text; others follow as they come."""
_MOST_GUESSES = 8
"""A thousand conditions on one property are not tried one by one."""


class FieldErrors(Exception):  # noqa: N818  # several errors, each of one field
    """Fields that cannot be understood, each with its reason."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("; ".join(error.sentence for error in errors))
        self.errors = errors


def write_fields(fields: Fields, known: Vocabulary) -> str:
    """The filter that the fields make; empty for all structures. Raises FieldErrors."""
    parts: list[Node] = []
    errors: list[FieldError] = []
    for rule in RULES:
        try:
            parts += rule.write(fields, known)
        except FieldError as error:
            errors.append(error)
    try:
        parts += _conjuncts(fields.further, known)
    except FilterError as error:
        errors.append(FieldError("further", str(error), column=error.column))
    if errors:
        raise FieldErrors(tuple(errors))
    text = _text(sorted(dict.fromkeys(parts), key=_rank))
    if len(text) > known.limits.length:
        raise FieldErrors((_too_long(fields, len(text), known.limits.length),))
    return text


def _too_long(fields: Fields, length: int, most: int) -> FieldError:
    """Of the field with the longest text: an address of that length would be refused."""
    written = {one: value for one, value in asdict(fields).items() if isinstance(value, str)}
    longest = max(written, key=lambda one: len(written[one]))
    return FieldError(
        longest,
        f"The filter would have {length:,} characters; at most {most:,} are possible. Ask for less "
        "at a time.",
    )


def read_back(text: str, known: Vocabulary) -> Fields:
    """The fields that show this filter; raises FilterError where it cannot be read."""
    rest = dict.fromkeys(_conjuncts(text, known))
    fields = Fields()
    for rule in RULES:
        for guess in islice(rule.guess(tuple(rest), known), _MOST_GUESSES):
            conditions = _written(rule, Fields(**guess), known)  # type: ignore[arg-type]
            if conditions and all(one in rest for one in conditions):
                for one in conditions:
                    rest.pop(one, None)
                fields = replace(fields, **guess)  # type: ignore[arg-type]
                break
    return replace(fields, further=_text(list(rest)))


def _conjuncts(text: str, known: Vocabulary) -> list[Node]:
    if not text.strip():
        return []
    tree = read_filter(text, known.limits)
    return list(tree.parts) if isinstance(tree, And) else [tree]


def _written(rule: FieldRule, fields: Fields, known: Vocabulary) -> list[Node]:
    try:
        return list(rule.write(fields, known))
    except FieldError:
        return []


def _text(parts: list[Node]) -> str:
    if not parts:
        return ""
    return write_filter(parts[0] if len(parts) == 1 else And(tuple(parts)))


def _rank(part: Node) -> tuple[int, bool, bool, str]:
    """Where a condition stands, whichever field it comes from: lower limits before upper ones."""
    subject = subject_of(part)
    if subject not in _ORDER:
        return len(_ORDER), False, False, ""
    is_upper = isinstance(part, Compare) and part.op in ("<", "<=")
    return _ORDER.index(subject), isinstance(part, Not), is_upper, write_filter(part)
