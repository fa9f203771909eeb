"""Filter text -> tree; a syntax error knows its column, what was found and what was expected."""

from functools import cache
from importlib.resources import files

from lark import Lark, Token
from lark.exceptions import UnexpectedInput, UnexpectedToken

from gateway.errors import FilterSyntaxError
from gateway.parse.builder import SPACES, Builder
from gateway.parse.flat import flatten
from gateway.parse.hints import END
from gateway.parse.limits import FilterLimits, check_counts, check_depth, check_length
from gateway.parse.syntax_errors import syntax_error
from gateway.parse.tree import Node

DEFAULT_LIMITS = FilterLimits()


@cache
def _parser() -> Lark:
    """Built at first use: about 35 ms.

    The basic lexer is enough: no two terminals match the same text (names are in lower case, words
    of the language in capitals).
    """
    return Lark(
        files("gateway.parse").joinpath("grammar.lark").read_text(encoding="utf-8"),
        start="expression",
        parser="lalr",
        lexer="basic",
        transformer=Builder(),
        keep_all_tokens=True,
        maybe_placeholders=False,
    )


def read_filter(text: str, limits: FilterLimits = DEFAULT_LIMITS) -> Node:
    """The tree of a filter; its comparisons have the property first."""
    check_length(text, limits)
    try:
        tree: Node = _parser().parse(text)  # type: ignore[assignment]  # what our builder makes
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from None
    check_counts(tree, limits, length=len(text))
    return _flat(text, tree, limits)


def _flat(text: str, tree: Node, limits: FilterLimits) -> Node:
    # Without parentheses it is flat, and at most OR of AND of NOT.
    if "(" not in text and limits.depth >= 3:
        return tree
    flat, depth = flatten(tree)
    check_depth(depth, limits)
    return flat


def _syntax_error(text: str, error: UnexpectedInput) -> FilterSyntaxError:
    refused = error.token if isinstance(error, UnexpectedToken) else None
    start = _start(text, refused, error)
    # The refused token has already closed rules that others might have gone on with: read again
    # what stands before it, to know all that could have followed.
    before = _parser().parse_interactive(text[:start])
    tokens: list[Token] = before.exhaust_lexer()
    accepted: set[str] = before.accepts()  # type: ignore[no-untyped-call]  # lark leaves it bare
    return syntax_error(text, refused, start=start, before=tokens, accepted=accepted)


def _start(text: str, refused: Token | None, error: UnexpectedInput) -> int:
    if refused is None:
        return error.pos_in_stream or 0
    return len(text.rstrip(SPACES)) if refused.type == END else refused.start_pos or 0
