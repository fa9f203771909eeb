"""Filter text -> tree -> normal form. Pure.

In: the text of a filter and the limits for it. Out: a tree of frozen nodes (`parse.tree`), or a
FilterError with its column. `normal_form` pushes NOT down to the leaves, `shallow` bounds the
nesting, `write_filter` leads back to text. Used by `plan`, `search`, `cli` and `page`.
"""

from gateway.parse.balance import shallow
from gateway.parse.hints import value_hint
from gateway.parse.limits import FilterLimits
from gateway.parse.normal import join, normal_form
from gateway.parse.reader import read_filter
from gateway.parse.walk import fold, leaves
from gateway.parse.writer import write_filter

__all__ = [
    "FilterLimits",
    "fold",
    "join",
    "leaves",
    "normal_form",
    "read_filter",
    "shallow",
    "value_hint",
    "write_filter",
]
