"""Comparisons of one scalar quantity with one constant -> native clause, exact or refused.

Values that the index cannot hold are folded here, never sent: fractions on integers, numbers beyond
the field's range, dates beyond year 9999, empty bounds. A clause given back holds only where the
quantity is set; the caller of the negated forms adds `known` where NOMAD's `not` would not.
"""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from gateway.errors import NotImplementedFilterError
from gateway.model import NativeQuery, Scalar
from gateway.parse.tree import FuzzyOp, Op
from gateway.plan.native import Clause, all_of, inverse
from gateway.plan.timestamps import FIRST_MS, LAST_MS, write_timestamp

INTEGER_MIN, INTEGER_MAX = -(2**31), 2**31 - 1
"""NOMAD indexes integers in 32 bits and answers 400 to numbers beyond."""

BOUND_BYTES = 1_000
"""A longer bound of a range is refused by Elasticsearch ("input automaton is too large: 1001")."""

PATTERN_LENGTH = 2_000
PATTERN_EFFORT = 20_000
"""CONTAINS of a longer or more self-similar text is refused by Elasticsearch (determinizing)."""

_RANGE: dict[Op, str] = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


def compare_integer(quantity: str, op: Op, value: Decimal, *, known: Clause) -> Clause:
    """`quantity op value` for a 32-bit integer quantity."""
    if op in ("=", "!="):
        whole = _whole(value, INTEGER_MIN, INTEGER_MAX)
        equal: Clause = False if whole is None else {quantity: whole}
        return equal if op == "=" else all_of((known, inverse(equal)))
    name, bound = _integer_bound(op, value)
    if name == "gte":
        if bound <= INTEGER_MIN:
            return known
        return False if bound > INTEGER_MAX else {quantity: {"gte": never_falsy(int(bound))}}
    if bound >= INTEGER_MAX:
        return known
    return False if bound < INTEGER_MIN else {quantity: {"lte": never_falsy(int(bound))}}


def compare_timestamp(quantity: str, op: Op, value: Decimal, *, known: Clause) -> Clause:
    """`quantity op value` for a date; `value` in milliseconds, fractions allowed."""
    if op in ("=", "!="):
        whole = _whole(value, FIRST_MS, LAST_MS)
        if whole is None:
            return False if op == "=" else known
        text = write_timestamp(whole)
        equal: Clause = {quantity: {"gte": text, "lte": text}}
        return equal if op == "=" else all_of((known, inverse(equal)))
    name, bound = _integer_bound(op, value)
    if name == "gte":
        if bound <= FIRST_MS:
            return known
        return False if bound > LAST_MS else {quantity: {"gte": write_timestamp(int(bound))}}
    if bound >= LAST_MS:
        return known
    return False if bound < FIRST_MS else {quantity: {"lte": write_timestamp(int(bound))}}


def compare_float(quantity: str, op: Op, value: Decimal, *, known: Clause) -> Clause:
    """`quantity op value` for a floating-point quantity, at the precision of the index."""
    number = float(value)
    if math.isinf(number):
        below = (number > 0) == (op in ("<", "<="))
        return known if op == "!=" or (op != "=" and below) else False
    if op in ("=", "!="):
        equal: Clause = {quantity: number or {"gte": "-0.0", "lte": "0.0"}}
        return equal if op == "=" else all_of((known, inverse(equal)))
    return {quantity: {_RANGE[op]: real_bound(number, below=op in (">=", "<"))}}


def compare_string(
    quantity: str, op: Op, value: str, *, known: Clause, column: int | None = None
) -> Clause:
    """`quantity op value` for a keyword; order is by code point, as the index has it."""
    if op == "=":
        return {quantity: value}
    if op == "!=":
        return all_of((known, {"not": {quantity: value}}))
    if value == "":
        return _compare_with_empty(op, known, empty={quantity: ""})
    return {quantity: {_RANGE[op]: check_bound(value, column)}}


def starts_with(quantity: str, prefix: str, *, known: Clause, column: int | None = None) -> Clause:
    """Values that begin with `prefix`: a range up to the next text that does not."""
    if prefix == "":
        return known
    check_bound(prefix, column)
    after = successor(prefix)
    bounds: NativeQuery = {"gte": prefix} if after is None else {"gte": prefix, "lt": after}
    return {quantity: bounds}


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


def matches_text(
    text_name: str, op: FuzzyOp, text: str, *, known: Clause, column: int | None = None
) -> Clause:
    """A partial match, through the one leaf in which NOMAD has wildcards.

    NOMAD puts the token between its quotes into a wildcard pattern as it stands, so `*`, `?`, `\\`
    and `"` are escaped once, for the pattern; and it strips quotes from the token's ends, so a text
    that ends with one is shielded by a further star, which ENDS WITH does not allow.
    """
    if text == "":
        return known
    _check_pattern(text, column)
    token = "".join(f"\\{c}" if c in '*?\\"' else c for c in text)
    if text.endswith('"'):
        if op == "ENDS":
            raise NotImplementedFilterError(
                "ENDS WITH a text whose last character is a double quote cannot be asked of NOMAD.",
                column=column,
            )
        token += "*"
    word = op if op == "CONTAINS" else f"{op} WITH"
    return _leaf(text_name, word, token)


def _leaf(text_name: str, word: str, token: str) -> NativeQuery:
    return {"optimade_filter": f'{text_name} {word} "{token}"'}


def never_falsy(value: Scalar) -> Scalar:
    """NOMAD takes falsy bounds for absent ones (422 `range_undefined`); as texts they work."""
    return value or str(value)


def real_bound(number: float, *, below: bool) -> Scalar:
    """A bound that takes in, when `below`, the -0.0 that the index puts right below 0.0."""
    return number or ("-0.0" if below else "0.0")


def _whole(value: Decimal, low: int, high: int) -> int | None:
    """The value as an integer, None when it is a fraction or outside."""
    if not low <= value <= high or value != value.to_integral_value():
        return None
    return int(value)


def _integer_bound(op: Op, value: Decimal) -> tuple[str, Decimal]:
    """An order comparison of integers as a closed bound: x < 2.5 is x <= 2, x < 2 is x <= 1.

    Rounding may meet numbers of any size: beyond the context's precision Decimal keeps them as they
    are, and they are out of every range anyway.
    """
    match op:
        case "<":
            return "lte", _minus_one(value.to_integral_value(ROUND_CEILING))
        case "<=":
            return "lte", value.to_integral_value(ROUND_FLOOR)
        case ">":
            return "gte", _plus_one(value.to_integral_value(ROUND_FLOOR))
        case _:
            return "gte", value.to_integral_value(ROUND_CEILING)


def _minus_one(value: Decimal) -> Decimal:
    return value - 1 if value.adjusted() < 20 else value


def _plus_one(value: Decimal) -> Decimal:
    return value + 1 if value.adjusted() < 20 else value


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


def check_bound(text: str, column: int | None = None) -> str:
    """The text, if a range can have it as a bound."""
    size = len(text.encode())
    if size > BOUND_BYTES:
        raise NotImplementedFilterError(
            f"Texts held by <, <=, >, >= or STARTS WITH can have at most {BOUND_BYTES} bytes in "
            f"NOMAD's index; this one has {size}.",
            column=column,
        )
    return text


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


def successor(prefix: str) -> str | None:
    """The least text above every text that begins with `prefix`; None if there is none."""
    kept = prefix.rstrip(chr(0x10FFFF))
    if not kept:
        return None
    last = ord(kept[-1]) + 1
    surrogate = 0xD800 <= last <= 0xDFFF
    return kept[:-1] + chr(0xE000 if surrogate else last)
