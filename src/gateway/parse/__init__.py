"""Filter text -> tree (`read_filter`) -> normal form (`normal_form`); `write_filter` leads back."""

from gateway.parse.balance import shallow
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
    "write_filter",
]
