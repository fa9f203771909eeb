"""A filter's tree -> notices on values that no entry has, whatever the filter makes of them."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from gateway.model import Notice
from gateway.parse import leaves
from gateway.parse.tree import Compare, Fuzzy, FuzzyOp, Has, Leaf, Name, Node, Number, Op, String
from gateway.plan.names import Scope
from gateway.plan.notices.compositions import LONGEST
from gateway.plan.notices.values import Impossible, judge, judge_number
from gateway.properties import Property

MOST = 3
"""Notices that one filter gets; looking ends there."""
_MOST_LOOKED_UP = 10
"""Impossible values for which spellings are looked for: that takes up to about a millisecond."""

Tested: TypeAlias = tuple[Name, Op | FuzzyOp, String | Number]


def value_notices(tree: Node, *, scope: Scope, sites: Sequence[str]) -> tuple[Notice, ...]:
    """A few notices, the first values first. A value is not noticed where the filter also tries
    the spelling that would be named."""
    tested = dict.fromkeys(one for leaf in leaves(tree) for one in _tested(leaf))
    tried = {(name.path, value.value) for name, _, value in tested if isinstance(value, String)}
    notices: dict[str, Notice] = {}
    looked_up = 0
    for name, op, value in tested:
        found = scope.catalogue.get(name.name)
        impossible = found and _judged(found, op, value, scope=scope, sites=sites)
        if not found or not impossible:
            continue
        looked_up += 1
        if not any((name.path, one) in tried for one in impossible.meant):
            detail = _detail(found, op, value, impossible)
            notices.setdefault(detail, _notice(detail))
        if len(notices) == MOST or looked_up == _MOST_LOOKED_UP:
            break
    return tuple(notices.values())


def _tested(leaf: Leaf) -> Iterator[Tested]:
    match leaf:
        case Compare(Name() as name, op, (String() | Number()) as value):
            yield name, op, value
        case Fuzzy(name, op, String() as value):
            yield name, op, value
        case Has(subjects, _, items):
            for item in items:
                for name, test in zip(subjects, item, strict=False):
                    if isinstance(test.value, String | Number):
                        yield name, test.op, test.value
        case _:
            return


def _judged(
    found: Property,
    op: Op | FuzzyOp,
    value: String | Number,
    *,
    scope: Scope,
    sites: Sequence[str],
) -> Impossible | None:
    if isinstance(value, Number):
        return judge_number(found, op, value.value, prefix=scope.prefix)
    if len(value.value) > LONGEST:
        return None
    return judge(found, op, value.value, scope=scope, sites=sites)


def _detail(found: Property, op: Op | FuzzyOp, value: String | Number, why: Impossible) -> str:
    what = f"No item of {found.name}" if found.type == "list" else f"No {found.name}"
    verb = {"CONTAINS": "contains", "STARTS": "starts with", "ENDS": "ends with"}.get(op, "is")
    shown = f'"{value.value}"' if isinstance(value, String) else str(value.value)[:LONGEST]
    rest = f" Did you mean {_either(why.meant)}?" if why.meant else ""
    if why.elsewhere:
        rest = f" Did you mean {why.elsewhere}?"
    return f"{what} {verb} {shown}: {why.rule}.{rest}"


def _either(words: Sequence[str]) -> str:
    return " or ".join(f'"{word}"' for word in words)


def _notice(detail: str) -> Notice:
    return Notice(title="A value that no entry has", detail=detail, code="impossible_value")
