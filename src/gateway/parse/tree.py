"""The tree of an OPTIMADE filter: frozen nodes and the union `Node`.

The reader gives comparisons with the property first and `HAS x` as ANY of one item; `Not` stands
anywhere. The normal form has `Not` only directly above `Fuzzy`, `Has`, `Length` and `Bare`.
`And(())` is always true, `Or(())` never. Columns (1-based) are carried for messages, not compared.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias

Op: TypeAlias = Literal["<", "<=", "=", "!=", ">", ">="]
FuzzyOp: TypeAlias = Literal["CONTAINS", "STARTS", "ENDS"]
Quantifier: TypeAlias = Literal["ANY", "ALL", "ONLY"]

OPPOSITE: dict[Op, Op] = {"<": ">=", "<=": ">", "=": "!=", "!=": "=", ">": "<=", ">=": "<"}
MIRRORED: dict[Op, Op] = {"<": ">", "<=": ">=", "=": "=", "!=": "!=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Name:
    """A property name; nested names (`species.name`) have several parts."""

    path: tuple[str, ...]
    column: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        """The name as written in a filter, parts joined by dots."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class String:
    """A string constant, unescaped."""

    value: str
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A number constant, exact; zero has one form, `Decimal(0)`."""

    value: Decimal
    column: int = field(default=0, compare=False)

    def __hash__(self) -> int:
        """Of the digits as text: Python's own hash of numbers is public, so that a thousand numbers
        with one hash can be sent, which a set compares each with each."""
        _, digits, _ = self.value.as_tuple()
        return hash((bytes(digits).rstrip(b"\0"), self.value.adjusted()))


@dataclass(frozen=True, slots=True)
class Boolean:
    """TRUE or FALSE."""

    value: bool
    column: int = field(default=0, compare=False)


Constant: TypeAlias = String | Number | Boolean
Operand: TypeAlias = Constant | Name


@dataclass(frozen=True, slots=True)
class Test:
    """What one item of a list is compared with: an operator and a value."""

    op: Op | FuzzyOp
    value: Operand


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part is false (not: unknown)."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right`; when one side is a property it is `left`."""

    left: Operand
    op: Op
    right: Operand


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """`subject CONTAINS | STARTS WITH | ENDS WITH value`."""

    subject: Name
    op: FuzzyOp
    value: Operand


@dataclass(frozen=True, slots=True)
class Known:
    """`subject IS KNOWN` or, when `known` is False, `IS UNKNOWN`."""

    subject: Name
    known: bool


@dataclass(frozen=True, slots=True)
class Bare:
    """A property alone: TRUE for booleans, IS KNOWN otherwise."""

    subject: Name


@dataclass(frozen=True, slots=True)
class Has:
    """`subjects HAS quantifier items`; each item holds one test per subject (zipped lists)."""

    subjects: tuple[Name, ...]
    quantifier: Quantifier
    items: tuple[tuple[Test, ...], ...]


@dataclass(frozen=True, slots=True)
class Length:
    """`subject LENGTH op value`."""

    subject: Name
    op: Op
    value: Operand


Leaf: TypeAlias = Compare | Fuzzy | Known | Bare | Has | Length
Node: TypeAlias = And | Or | Not | Leaf

ALWAYS = And(())
NEVER = Or(())
