"""What the gateway knows before any site is asked: `id`, `type` and the site itself.

An `id` is `<site>~<entry_id>`. For one site, a comparison with it becomes a comparison of
`entry_id`, or is decided. Texts compare by code point.
"""

from gateway.parse.tree import FuzzyOp, Op
from gateway.plan.native import Clause, any_of
from gateway.plan.scalars import compare_string, matches_text, starts_with

SEPARATOR = "~"

_ENTRY_ID = "entry_id"
_TEXT_NAME = "id"


def compare_text(left: str, op: Op, right: str) -> bool:
    """A comparison of two texts that are both known here."""
    match op:
        case "=":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case ">=":
            return left >= right


def match_text(left: str, op: FuzzyOp, right: str) -> bool:
    """A partial match of two texts that are both known here."""
    match op:
        case "CONTAINS":
            return right in left
        case "STARTS":
            return left.startswith(right)
        case "ENDS":
            return left.endswith(right)


def compare_id(op: Op, text: str, *, site: str, column: int | None = None) -> Clause:
    """`id op text` at one site."""
    prefix = site + SEPARATOR
    if text.startswith(prefix):
        rest = text.removeprefix(prefix)
        return compare_string(_ENTRY_ID, op, rest, known=True, column=column)
    # An entry_id is never empty, so every id is longer than the prefix and differs from the text
    # within it, or the text is a proper beginning of the prefix: the prefix alone decides.
    return compare_text(prefix, op, text)


def match_id(op: FuzzyOp, text: str, *, site: str, column: int | None = None) -> Clause:
    """`id CONTAINS | STARTS WITH | ENDS WITH text` at one site."""
    prefix = site + SEPARATOR
    match op:
        case "STARTS":
            return _begins(prefix, text, column)
        case "ENDS":
            return _ends(prefix, text, column)
        case "CONTAINS":
            inside = matches_text(_TEXT_NAME, op, text, known=True, column=column)
            across = (
                starts_with(_ENTRY_ID, text[cut:], known=True, column=column)
                for cut in range(1, len(text) + 1)
                if prefix.endswith(text[:cut])
            )
            return True if text in prefix else any_of((inside, *across))


def _begins(prefix: str, text: str, column: int | None) -> Clause:
    if text.startswith(prefix):
        return starts_with(_ENTRY_ID, text.removeprefix(prefix), known=True, column=column)
    return prefix.startswith(text)


def _ends(prefix: str, text: str, column: int | None) -> Clause:
    inside = matches_text(_TEXT_NAME, "ENDS", text, known=True, column=column)
    whole = (
        compare_string(_ENTRY_ID, "=", text[cut:], known=True, column=column)
        for cut in range(1, len(text))
        if prefix.endswith(text[:cut])
    )
    return any_of((inside, *whole))
