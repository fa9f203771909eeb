"""What the parser calls, rule by rule, to make nodes; the names are those of `grammar.lark`."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from lark import Token, Transformer

from gateway.errors import NotImplementedFilterError
from gateway.parse.tree import (
    MIRRORED,
    And,
    Bare,
    Boolean,
    Compare,
    Constant,
    Fuzzy,
    Has,
    Known,
    Length,
    Name,
    Node,
    Not,
    Number,
    Op,
    Or,
    String,
    Test,
)

# Tokens, nodes and lists of them, as the grammar's rules put them together: lark knows no types.
Children = list[Any]

SPACES = " \t\n\r\v\f"

_ESCAPED = re.compile(r"\\(.)")


class Builder(Transformer[Token, Node]):
    """One method per rule; each takes the values of the rule's symbols."""

    # Terminals; `start_pos` counts from 0, columns from 1, line breaks included.

    def PROPERTY(self, token: Token) -> Name:  # noqa: N802  # the terminal's name
        """A property's name; spaces may stand around its dots."""
        path = [part.strip(SPACES) for part in token.split(".")]
        return Name(tuple(path), (token.start_pos or 0) + 1)

    def CONSTANT(self, token: Token) -> Constant:  # noqa: N802
        """A string, unescaped, or a number."""
        column = (token.start_pos or 0) + 1
        word = token.rstrip(SPACES)
        if word[0] != '"':
            return Number(_number(word, column), column)
        inner = word[1:-1]
        return String(_ESCAPED.sub(r"\1", inner) if "\\" in inner else inner, column)

    def BOOLEAN(self, token: Token) -> Boolean:  # noqa: N802
        """TRUE or FALSE."""
        return Boolean(token[0] == "T", (token.start_pos or 0) + 1)

    # Lists grow in place: the parser drops the shorter one at once.

    def first(self, children: Children) -> list[Any]:
        """A list of one."""
        return children

    def pair(self, children: Children) -> list[Any]:
        """A list of two, from `one SEPARATOR other`."""
        return [children[0], children[2]]

    def more(self, children: Children) -> list[Any]:
        """A list with one more, from `list SEPARATOR next`."""
        longer: list[Any] = children[0]
        longer.append(children[2])
        return longer

    def operator(self, children: Children) -> str:
        """The first word; WITH may follow it."""
        return _word(children[0])

    fuzzy_operator = quantifier = operator

    def equal_test(self, children: Children) -> Test:
        """A list item without an operator."""
        return Test("=", children[0])

    def test(self, children: Children) -> Test:
        """A list item with an operator."""
        op, value = children
        return Test(_word(op), value)  # type: ignore[arg-type]  # the grammar's operators are these

    def any_of(self, children: Children) -> Node:
        """Clauses joined by OR."""
        return Or(tuple(children[0]))

    def all_of(self, children: Children) -> Node:
        """Phrases joined by AND."""
        return And(tuple(children[0]))

    def grouped(self, children: Children) -> Node:
        """What the parentheses hold."""
        inner: Node = children[1]
        return inner

    def negated(self, children: Children) -> Node:
        """NOT before a comparison or a group in parentheses."""
        return Not(children[-1] if len(children) == 2 else children[2])

    def compare(self, children: Children) -> Node:
        """A comparison, turned round when only its right side is a property."""
        left, token, right = children
        op: Op = _word(token)  # type: ignore[assignment]  # the grammar's operators are these
        if isinstance(right, Name) and not isinstance(left, Name):
            return Compare(right, MIRRORED[op], left)
        return Compare(left, op, right)

    def bare(self, children: Children) -> Node:
        """A property alone."""
        return Bare(children[0])

    def known(self, children: Children) -> Node:
        """IS KNOWN or IS UNKNOWN."""
        return Known(children[0], known=children[2].type == "KNOWN")

    def fuzzy(self, children: Children) -> Node:
        """CONTAINS, STARTS WITH or ENDS WITH."""
        return Fuzzy(*children)

    def has(self, children: Children) -> Node:
        """HAS and one item."""
        return Has((children[0],), "ANY", ((children[2],),))

    def has_list(self, children: Children) -> Node:
        """HAS ALL, ANY or ONLY and a list."""
        subject, _has, quantifier, items = children
        return Has((subject,), quantifier, tuple((item,) for item in items))

    def zip_has(self, children: Children) -> Node:
        """Zipped lists HAS and one tuple of items."""
        names, _has, item = children
        return Has(tuple(names), "ANY", (tuple(item),))

    def zip_has_list(self, children: Children) -> Node:
        """Zipped lists HAS ALL, ANY or ONLY and a list of tuples."""
        names, _has, quantifier, items = children
        return Has(tuple(names), quantifier, tuple(map(tuple, items)))

    def length(self, children: Children) -> Node:
        """LENGTH with or without an operator."""
        subject, _length, *op, value = children
        return Length(subject, op[0] if op else "=", value)


def _word(token: Token | str) -> str:
    """The token without the spaces after it."""
    return token.rstrip(SPACES)


def _number(text: str, column: int) -> Decimal:
    """The number, exact. Zero is 0 in all its forms: `0e30` has an exponent that would be taken for
    its size, and -0 is no other number."""
    try:
        return Decimal(text) or Decimal(0)
    except InvalidOperation as error:
        raise NotImplementedFilterError(
            f"The number at column {column} is out of range: this server reads numbers with "
            "exponents from -999999999999999999 to 999999999999999999.",
            column=column,
        ) from error
