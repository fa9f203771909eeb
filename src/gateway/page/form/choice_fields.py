"""Choices among a few values, and names: program, dataset or DOI, authors."""

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from gateway.page.form.fields import CRYSTAL_SYSTEMS, KINDS, PERIODIC, Fields
from gateway.page.form.rules import (
    FieldError,
    FieldRule,
    Values,
    Vocabulary,
    any_of,
    comparison,
)
from gateway.parse.tree import (
    Compare,
    Constant,
    Fuzzy,
    Has,
    Name,
    Node,
    Number,
    Or,
    String,
    Test,
)

KIND = "_nmd_results_material_structural_type"
CRYSTAL_SYSTEM = "_nmd_results_material_symmetry_crystal_system"
PROGRAM = "_nmd_results_method_simulation_program_name"
PERIODIC_DIMENSIONS = "nperiodic_dimensions"
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_HIDDEN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
LONGEST = 300
"""Characters of a name."""


def _choice(
    field: str,
    *,
    name: Callable[[Vocabulary], str],
    choices: Callable[[Vocabulary], Sequence[str]],
    constant: Callable[[str], Constant] = String,
) -> FieldRule:
    """The rule of boxes of which any may be ticked."""

    def write(fields: Fields, known: Vocabulary) -> Sequence[Node]:
        chosen: tuple[str, ...] = getattr(fields, field)
        allowed = choices(known)
        for one in chosen:
            if one not in allowed:
                raise FieldError(field, f"{one[:40]!r} is none of {', '.join(allowed)}.")
        ordered = [one for one in allowed if one in chosen]
        return any_of([comparison(name(known), "=", constant(one)) for one in ordered])

    def guess(parts: Sequence[Node], known: Vocabulary) -> Iterator[Values]:
        for part in parts:
            values = _equal_to(part, name(known))
            chosen = tuple(one for one in choices(known) if constant(one) in values)
            if chosen and len(chosen) == len(values):
                yield {field: chosen}

    return FieldRule(write, guess)


def _equal_to(part: Node, name: str) -> list[object]:
    """The values of `name = a`, or of `name = a OR name = b ..`; none for other conditions."""
    parts = part.parts if isinstance(part, Or) else (part,)
    values: list[object] = []
    for one in parts:
        match one:
            case Compare(Name((found,)), "=", value) if found == name:
                values.append(value)
            case _:
                return []
    return values


def _number(text: str) -> Number:
    return Number(Decimal(text))


def _test(text: str, field: str) -> Test:
    """`text` itself, or for `text*` what begins so."""
    if len(text) > LONGEST:
        raise FieldError(field, f"At most {LONGEST} characters are read.")
    if _HIDDEN.search(text):
        raise FieldError(field, "There is a character that cannot be seen; type it again.")
    if text.endswith("*"):
        if not text[:-1].strip():
            raise FieldError(field, "Write how it begins before the *.")
        return Test("STARTS", String(text[:-1]))
    return Test("=", String(text))


def _text(test: Test) -> str:
    """What to type for such a test; empty where there is no way."""
    if not isinstance(test.value, String) or test.op not in ("=", "STARTS"):
        return ""
    return test.value.value + ("*" if test.op == "STARTS" else "")


def _write_program(fields: Fields, _: Vocabulary) -> Sequence[Node]:
    if not fields.program:
        return ()
    test = _test(fields.program, "program")
    if test.op == "STARTS":
        return (Fuzzy(Name((PROGRAM,)), "STARTS", test.value),)
    return (comparison(PROGRAM, "=", test.value),)


def _guess_program(parts: Sequence[Node], _: Vocabulary) -> Iterator[Values]:
    for part in parts:
        match part:
            case Compare(Name((found,)), "=", value) if found == PROGRAM:
                yield {"program": _text(Test("=", value))}
            case Fuzzy(Name((found,)), "STARTS", value) if found == PROGRAM:
                yield {"program": _text(Test("STARTS", value))}
            case _:
                pass


def _write_dataset(fields: Fields, known: Vocabulary) -> Sequence[Node]:
    if not fields.dataset:
        return ()
    doi = _DOI.fullmatch(fields.dataset)
    name = known.own("dois" if doi else "datasets")
    test = _test(doi[1] if doi else fields.dataset, "dataset")
    return (Has((Name((name,)),), "ANY", ((test,),)),)


def _guess_dataset(parts: Sequence[Node], known: Vocabulary) -> Iterator[Values]:
    for name in ("dois", "datasets"):
        for tests in _listed(parts, known.own(name)):
            yield {"dataset": _text(tests[0])}


def _write_authors(fields: Fields, known: Vocabulary) -> Sequence[Node]:
    """Each author is a condition of its own: all of them must be among the entry's."""
    name = (Name((known.own("authors"),)),)
    words = [word.strip() for word in fields.authors.split(";") if word.strip()]
    return [Has(name, "ANY", ((_test(word, "authors"),),)) for word in words]


def _guess_authors(parts: Sequence[Node], known: Vocabulary) -> Iterator[Values]:
    texts = [_text(tests[0]) for tests in _listed(parts, known.own("authors"))]
    yield {"authors": "; ".join(text for text in texts if text and ";" not in text)}


def _listed(parts: Sequence[Node], name: str) -> Iterator[tuple[Test, ...]]:
    """The tests of `name HAS test`."""
    for part in parts:
        match part:
            case Has((Name((found,)),), "ANY", (tests,)) if found == name:
                yield tests
            case _:
                pass


SITES = _choice("sites", name=lambda known: known.own("site"), choices=lambda known: known.sites)
PERIODICITY = _choice(
    "periodic",
    name=lambda _: PERIODIC_DIMENSIONS,
    choices=lambda _: tuple(PERIODIC),
    constant=_number,
)
KINDS_RULE = _choice("kinds", name=lambda _: KIND, choices=lambda _: tuple(KINDS))
SYSTEMS = _choice("systems", name=lambda _: CRYSTAL_SYSTEM, choices=lambda _: CRYSTAL_SYSTEMS)
PROGRAMS = FieldRule(_write_program, _guess_program)
DATASET = FieldRule(_write_dataset, _guess_dataset)
AUTHORS = FieldRule(_write_authors, _guess_authors)
