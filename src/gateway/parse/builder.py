"""What the parser calls, rule by rule, to make nodes; the names are those of `grammar.lark`."""

from typing import Any

from gateway.parse.tree import (
    MIRRORED,
    And,
    Bare,
    Compare,
    Fuzzy,
    Has,
    Known,
    Length,
    Node,
    Not,
    Operand,
    Or,
    Property,
    Test,
)

# Lexemes, nodes and lists of them, as the grammar's rules put them together: lark knows no types.
Children = list[Any]


class Builder:
    """One method per rule; each takes the values of the rule's symbols."""

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

    def two_names(self, children: Children) -> list[Property]:
        """The properties of `PROPERTY COLON PROPERTY`."""
        return [children[0].value, children[2].value]

    def more_names(self, children: Children) -> list[Property]:
        """The properties with one more."""
        names: list[Property] = children[0]
        names.append(children[2].value)
        return names

    def value(self, children: Children) -> Operand:
        """The constant or property of a lexeme."""
        operand: Operand = children[0].value
        return operand

    ordered_value = value

    def operator(self, children: Children) -> str:
        """The first word; WITH may follow it."""
        word: str = children[0].value
        return word

    fuzzy_operator = quantifier = operator

    def equal_test(self, children: Children) -> Test:
        """A list item without an operator."""
        return Test("=", children[0])

    def test(self, children: Children) -> Test:
        """A list item with a comparison operator."""
        return Test(children[0].value, children[1])

    def fuzzy_test(self, children: Children) -> Test:
        """A list item with CONTAINS, STARTS WITH or ENDS WITH."""
        return Test(children[0], children[1])

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
        """NOT before a comparison."""
        return Not(children[1])

    def negated_group(self, children: Children) -> Node:
        """NOT before parentheses."""
        return Not(children[2])

    def compare(self, children: Children) -> Node:
        """A comparison, turned round when only its right side is a property."""
        left, op, right = children[0].value, children[1].value, children[2]
        if isinstance(right, Property) and not isinstance(left, Property):
            return Compare(right, MIRRORED[op], left)
        return Compare(left, op, right)

    def bare(self, children: Children) -> Node:
        """A property alone."""
        return Bare(children[0].value)

    def known(self, children: Children) -> Node:
        """IS KNOWN or IS UNKNOWN."""
        return Known(children[0].value, known=children[2].type == "KNOWN")

    def fuzzy(self, children: Children) -> Node:
        """CONTAINS, STARTS WITH or ENDS WITH."""
        return Fuzzy(children[0].value, children[1], children[2])

    def has(self, children: Children) -> Node:
        """HAS and one item."""
        return Has((children[0].value,), "ANY", ((children[2],),))

    def has_list(self, children: Children) -> Node:
        """HAS ALL, ANY or ONLY and a list."""
        subject, _has, quantifier, items = children
        return Has((subject.value,), quantifier, tuple((item,) for item in items))

    def zip_has(self, children: Children) -> Node:
        """Zipped lists HAS and one tuple of items."""
        names, _has, item = children
        return Has(tuple(names), "ANY", (tuple(item),))

    def zip_has_list(self, children: Children) -> Node:
        """Zipped lists HAS ALL, ANY or ONLY and a list of tuples."""
        names, _has, quantifier, items = children
        return Has(tuple(names), quantifier, tuple(map(tuple, items)))

    def length(self, children: Children) -> Node:
        """LENGTH without an operator."""
        return Length(children[0].value, "=", children[2])

    def length_compared(self, children: Children) -> Node:
        """LENGTH with an operator."""
        subject, _length, op, value = children
        return Length(subject.value, op, value)
