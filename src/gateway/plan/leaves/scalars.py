"""Comparisons of one scalar quantity with one constant -> clause, exact or refused.

A clause given back holds only where the quantity is set; the caller of the negated forms adds
`known` where NOMAD's `not` would not.
"""

from gateway.errors import NotImplementedFilterError
from gateway.parse.tree import Boolean, FuzzyOp, Op, Operand, String
from gateway.plan.conditions import check_bound, condition_of, spans_of_test
from gateway.plan.native import Clause, all_of, holds, inverse
from gateway.properties import ValueType
from gateway.properties.native_query import OptimadeLeaf

PATTERN_LENGTH = 2_000
PATTERN_EFFORT = 20_000
"""CONTAINS of a longer or more self-similar text is refused by Elasticsearch (determinizing)."""


def compare_scalar(
    quantity: str, op: Op | FuzzyOp, value: Operand, *, type_: ValueType, known: Clause
) -> Clause:
    """`quantity op value` for every operator but CONTAINS and ENDS WITH."""
    if isinstance(value, Boolean):
        return holds(quantity, value.value == (op == "="))
    if op == "!=":
        equal = compare_scalar(quantity, "=", value, type_=type_, known=known)
        return all_of((known, inverse(equal)))
    (span,) = spans_of_test(op, value, type_)
    condition = condition_of(span, type_)
    if isinstance(condition, bool):
        return condition and known
    return holds(quantity, condition)


def compare_in_leaf(
    text_name: str, op: Op, text: str, *, known: Clause, column: int | None = None
) -> Clause:
    """`text_name op text` inside an `optimade_filter`, for a keyword of which NOMAD rewrites what
    it is natively compared with. NOMAD unescapes nothing there."""
    if '"' in text or "\\" in text:
        raise NotImplementedFilterError(
            "A text with a double quote or a backslash cannot be compared with formulas in NOMAD.",
            column=column,
        )
    if op == "!=":
        return all_of((known, inverse(_leaf(text_name, "=", text))))
    if text == "":
        return _compare_with_empty(op, known, empty=_leaf(text_name, "=", ""))
    return _leaf(text_name, op, check_bound(text, column))


def matches_text(text_name: str, op: FuzzyOp, value: String, *, known: Clause) -> Clause:
    """A partial match, through the one leaf in which NOMAD has wildcards.

    NOMAD puts the token between its quotes into a wildcard pattern as it stands, so `*`, `?`, `\\`
    and `"` are escaped once, for the pattern; and it strips quotes from the token's ends, so a text
    that ends with one is shielded by a further star, which ENDS WITH does not allow.
    """
    text, column = value.value, value.column
    if text == "":
        return known
    _check_pattern(text, column)
    token = "".join([f"\\{c}" if c in '*?\\"' else c for c in text])
    if text.endswith('"'):
        if op == "ENDS":
            raise NotImplementedFilterError(
                "ENDS WITH a text whose last character is a double quote cannot be asked of NOMAD.",
                column=column,
            )
        token += "*"
    word = op if op == "CONTAINS" else f"{op} WITH"
    return _leaf(text_name, word, token)


def _leaf(text_name: str, word: str, token: str) -> OptimadeLeaf:
    return OptimadeLeaf(f'{text_name} {word} "{token}"')


def _compare_with_empty(op: Op, known: Clause, *, empty: Clause) -> Clause:
    match op:
        case ">=":
            return known
        case ">":
            return all_of((known, inverse(empty)))
        case "<=" | "=":
            return empty
        case _:
            return False


def _check_pattern(text: str, column: int | None) -> None:
    if len(text) <= PATTERN_LENGTH and _effort(text) <= PATTERN_EFFORT:
        return
    raise NotImplementedFilterError(
        "This text is too long or repeats itself too much for CONTAINS or ENDS WITH: NOMAD's index "
        f"cannot search for it (at most {PATTERN_LENGTH} characters, about 200 if all are equal).",
        column=column,
    )


def _effort(text: str) -> int:
    """The size of the automaton that finds a text: all borders of all its prefixes."""
    borders, depths, border = [0] * len(text), [1] * len(text), 0
    for i in range(1, len(text)):
        while border and text[i] != text[border]:
            border = borders[border - 1]
        border += text[i] == text[border]
        borders[i] = border
        depths[i] = 1 + (depths[border - 1] if border else 0)
    return sum(depths)
