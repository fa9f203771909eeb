"""Filter text -> tree; a syntax error knows its column, what was found and what was expected."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from lark import Lark
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer

from gateway.errors import FilterSyntaxError
from gateway.parse.builder import Builder
from gateway.parse.complaint import complaint
from gateway.parse.flat import flatten
from gateway.parse.lexemes import Lexeme, Splitter
from gateway.parse.limits import FilterLimits, check_counts, check_depth, check_length
from gateway.parse.tree import Node

DEFAULT_LIMITS = FilterLimits()


class _Ready(Lexer):
    """lark's lexer where the lexemes are ready: it hands them on."""

    def __init__(self, conf: object) -> None:
        pass

    def lex(self, lexemes: Iterator[Lexeme]) -> Iterator[Lexeme]:  # type: ignore[override]  # lark calls custom lexers so
        return lexemes


@cache
def _grammar() -> tuple[Lark, Splitter]:
    """Built at first use: about 35 ms."""
    text = files("gateway.parse").joinpath("grammar.lark").read_text(encoding="utf-8")
    parser = Lark(
        text,
        start="expression",
        parser="lalr",
        lexer=_Ready,
        transformer=Builder(),
        keep_all_tokens=True,
        maybe_placeholders=False,
    )
    return parser, Splitter(parser.terminals)


def read_filter(text: str, limits: FilterLimits = DEFAULT_LIMITS) -> Node:
    """The tree of a filter; its comparisons have the property first."""
    check_length(text, limits)
    parser, splitter = _grammar()
    lexemes = splitter.split(text)
    check_counts(lexemes, limits)
    rest = iter(lexemes)
    try:
        tree: Node = parser.parse(rest)  # type: ignore[assignment]  # what our builder makes
    except UnexpectedToken as error:
        raise _refused(text, lexemes, error, left=len(list(rest))) from None
    return _flat(text, tree, limits)


def _flat(text: str, tree: Node, limits: FilterLimits) -> Node:
    # Without parentheses it is flat, and at most OR of AND of NOT.
    if "(" not in text and limits.depth >= 3:
        return tree
    flat, depth = flatten(tree)
    check_depth(depth, limits)
    return flat


def _refused(
    text: str, lexemes: list[Lexeme], error: UnexpectedToken, *, left: int
) -> FilterSyntaxError:
    parser, splitter = _grammar()
    index = len(lexemes) - (0 if error.token.type == "$END" else left + 1)
    # The refused lexeme has already closed rules that others might have gone on with: read again.
    before = parser.parse_interactive(iter(lexemes[:index]))
    before.exhaust_lexer()
    accepted: set[str] = before.accepts()  # type: ignore[no-untyped-call]  # lark leaves it bare
    return complaint(text, lexemes, index=index, accepted=accepted, splitter=splitter)
