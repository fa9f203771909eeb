"""The text of an `optimade_filter` -> an Elasticsearch query, with NOMAD's liberties and refusals.

NOMAD parses with the optimade package and transforms with a subclass of its Elasticsearch
transformer; what follows says the same over this package's query nodes.
"""

import math
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Protocol

from lark import Token, Transformer, Tree
from lark.exceptions import VisitError
from optimade.exceptions import BadRequest
from optimade.filterparser import LarkParser

from gateway.demo.elasticsearch.elastic import (
    Bool,
    Elastic,
    Exists,
    Match,
    Nested,
    Range,
    Wildcard,
    both,
    either,
    inverse,
)
from gateway.demo.quantities import RATIOS, Catalogue
from gateway.demo.query.leaf_fields import (
    Field,
    UntranslatableError,
    find_field,
    find_property,
    path_of,
)
from gateway.demo.refusals import RefusalError, crash, elastic_refusal, query_refusal

BOUNDS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
REVERSED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
EQUAL_KINDS = ("keyword", "text", "short", "integer", "long", "float", "double", "bool")
NOT_TEXTS = "sequence item 0: expected str instance, ElasticsearchQuantity found"


class Condition(Protocol):
    """The right hand side of a comparison, waiting for its property."""

    def __call__(self, field: "Field | str") -> Elastic:
        """The query on that property."""


def read_leaf(text: str, catalogue: Catalogue) -> Elastic:
    """The query of an `optimade_filter`, or NOMAD's 422."""
    try:
        return _transform(_parse(text), catalogue)
    except BadRequest as error:
        raise _refuse(f"Syntax error: {error.detail}") from error
    except VisitError as error:
        if isinstance(error.orig_exc, RefusalError):
            raise error.orig_exc from None
        raise _refuse(f"Semantic error: {error}") from error


def _refuse(problem: str) -> Exception:
    return query_refusal(f"Could not parse optimade filter: {problem}", loc=("optimade_filter",))


@cache
def _parser() -> LarkParser:
    return LarkParser(version=(1, 0, 1))


@lru_cache(maxsize=1024)
def _parse(text: str) -> Tree[Token]:
    tree: Tree[Token] = _parser().parse(text)
    return tree


def _transform(tree: Tree[Token], catalogue: Catalogue) -> Elastic:
    query = FilterTransformer(catalogue).transform(tree)
    assert not isinstance(query, Tree)
    return query


class FilterTransformer(Transformer[Token, Elastic]):
    """Visits the parse tree bottom up; each method is a rule of the grammar."""

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__()
        self.catalogue = catalogue

    def __default__(self, data: object, children: list[object], meta: object) -> object:
        """Rules with a single child, whose value they take."""
        return children[0]

    def filter(self, args: list[Elastic]) -> Elastic:
        """No expression at all matches everything."""
        return args[0] if len(args) == 1 else Bool(must=tuple(args))

    def expression(self, args: list[Elastic]) -> Elastic:
        """Alternatives."""
        return _fold(either, args)

    def expression_clause(self, args: list[Elastic]) -> Elastic:
        """Conditions that must all match."""
        return _fold(both, args)

    def expression_phrase(self, args: list[object]) -> object:
        """NOT also matches entries without the field, without a structure."""
        return inverse(_query(args[1])) if args[0] == "NOT" else args[0]

    def property_first_comparison(self, args: list[object]) -> Elastic:
        """Applies the right hand side to the property."""
        field, condition = args
        assert isinstance(field, Field | str)
        assert callable(condition)
        return _query(condition(field))

    def constant_first_comparison(self, args: list[object]) -> Elastic:
        """The same with the operator turned round."""
        value, op, field = args
        if not isinstance(field, Field):
            raise UntranslatableError("Only quantities can be compared to constant values.")
        return compare(field, REVERSED[str(op)], value)

    def value_op_rhs(self, args: list[object]) -> Condition:
        """Comparisons."""
        op, value = str(args[0]), args[1]
        return lambda field: compare(field, op, value)

    def known_op_rhs(self, args: list[object]) -> Condition:
        """IS KNOWN; IS UNKNOWN also matches entries without a structure."""

        def condition(field: Field | str) -> Elastic:
            known = Exists(path_of(field))
            return known if args[1] == "KNOWN" else inverse(known)

        return condition

    def length_op_rhs(self, args: list[object]) -> Condition:
        """Only if another property has the length."""
        op = str(args[1]) if len(args) == 3 else "="

        def condition(field: Field | str) -> Elastic:
            if isinstance(field, str):
                return compare(field, op, args[-1])
            if field.length is None:
                raise UntranslatableError(f"LENGTH is not supported for {field.name!r}")
            return compare(find_field(field.length, self.catalogue), op, args[-1])

        return condition

    def fuzzy_string_op_rhs(self, args: list[object]) -> Condition:
        """The text becomes part of the pattern unchanged: nothing is escaped."""
        text = f"{args[-1]}"
        pattern = {"CONTAINS": f"*{text}*", "STARTS": f"{text}*", "ENDS": f"*{text}"}[str(args[0])]
        return lambda field: Wildcard(path_of(field), pattern)

    def set_op_rhs(self, args: list[object]) -> Condition:
        """HAS and its kin on one property."""
        values = args[-1] if isinstance(args[-1], list) else [("=", args[-1])]
        operator = f"HAS {args[1]}" if len(args) == 3 else "HAS"
        return lambda field: self.has((field,), operator, [[pair] for pair in values])

    def set_zip_op_rhs(self, args: list[object]) -> Condition:
        """HAS and its kin on zipped properties."""
        others, values = args[0], args[-1]
        assert isinstance(others, list)
        assert isinstance(values, list)
        operator = f"HAS {args[2]}" if len(args) == 4 else "HAS"
        tuples = values if len(args) == 4 else [values]
        return lambda field: self.has((field, *others), operator, tuples)

    def has(
        self, fields: tuple[Field | str, ...], operator: str, tuples: list[list[tuple[str, object]]]
    ) -> Elastic:
        """HAS ONLY is HAS ALL and a length, which is wrong, but so it is."""
        if operator == "HAS ONLY":
            return both(self.has(fields, "HAS ALL", tuples), self._has_length(fields, len(tuples)))
        if operator not in ("HAS", "HAS ALL", "HAS ANY"):
            raise UntranslatableError(f"Unrecognised operation {operator}.")
        parts = tuple(has_one(fields, pairs) for pairs in tuples)
        return Bool(should=parts) if operator == "HAS ANY" else Bool(must=parts)

    def _has_length(self, fields: tuple[Field | str, ...], count: int) -> Elastic:
        if len(fields) > 1:
            raise UntranslatableError("HAS ONLY is not supported with zip")
        field = fields[0]
        if not isinstance(field, Field) or field.length is None:
            raise UntranslatableError(f"HAS ONLY is not supported by {field}")
        return Match(find_field(field.length, self.catalogue).field, count)

    def property_zip_addon(self, args: list[object]) -> list[object]:
        """The properties after the first."""
        return args

    def value_zip_list(self, args: list[object]) -> list[object]:
        """Tuples of values."""
        return args

    def value_list(self, args: list[object]) -> list[tuple[str, object]]:
        """Values, each with the operator before it."""
        pairs, op = [], "="
        for arg in args:
            if isinstance(arg, Token):
                op = str(arg)
            else:
                pairs.append((op, arg))
                op = "="
        return pairs

    value_zip = value_list

    def property(self, args: list[object]) -> "Field | str":
        """Only the first part of a dotted name counts."""
        return find_property(str(args[0]), self.catalogue)

    def string(self, args: list[object]) -> str:
        """Outer quotes go, all of them; escapes stay."""
        return str(args[0]).strip('"')

    def signed_int(self, args: list[object]) -> int:
        """A length."""
        return int(str(args[0]))

    def number(self, args: list[Token]) -> int | float:
        """An integer stays one."""
        return int(args[0]) if args[0].type == "SIGNED_INT" else float(args[0])


def compare(field: Field | str, op: str, value: object, *, nested: bool = False) -> Elastic:
    """A comparison, also of what cannot be compared sensibly."""
    if not isinstance(value, str | int | float):
        raise crash("Object of type ElasticsearchQuantity is not serializable", kind="TypeError")
    if isinstance(value, float) and math.isinf(value):  # no JSON that Elasticsearch reads
        raise elastic_refusal(
            "[1:96] [bool] failed to parse field [must]", kind="x_content_parse_exception"
        )
    path = f"{RATIOS}.{field.name}" if nested and isinstance(field, Field) else path_of(field)
    if op in BOUNDS:
        return Range(path, ((BOUNDS[op], value),))
    if isinstance(field, str):
        raise UntranslatableError("'str' object has no attribute 'elastic_mapping_type'")
    if field.kind not in EQUAL_KINDS:
        raise UntranslatableError("Quantity has unsupported ES field type")
    equal = Match(path, value)
    return inverse(equal) if op == "!=" else equal


def has_one(fields: tuple[Field | str, ...], pairs: list[tuple[str, object]]) -> Elastic:
    """One value, or one tuple of zipped values that the same member has to have."""
    if len(fields) != len(pairs):
        raise UntranslatableError(NOT_TEXTS)
    if len(fields) == 1:
        return compare(fields[0], *pairs[0])
    if not all(isinstance(field, Field) and field.zipped for field in fields):
        raise UntranslatableError(NOT_TEXTS)
    parts = [
        compare(field, op, value, nested=True)
        for field, (op, value) in zip(fields, pairs, strict=True)
    ]
    return Nested(RATIOS, Bool(must=tuple(parts)))


def _query(value: object) -> Elastic:
    assert isinstance(value, Elastic)
    return value


def _fold(join: Callable[[Elastic, Elastic], Elastic], parts: list[Elastic]) -> Elastic:
    joined = parts[0]
    for part in parts[1:]:
        joined = join(joined, part)
    return joined
