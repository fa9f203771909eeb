"""What is wrong with a value, in the words of a configuration file: no words of Python.

In: what pydantic found. Out: a sentence that says what is expected and what stands there.
"""

import datetime
from collections.abc import Mapping

from pydantic_core import ErrorDetails

EXPECTED: Mapping[str, str] = {
    "tuple_type": "a list (lines that begin with '- ', or [a, b])",
    "string_type": "a text (a number, date or switch in quotes)",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of fewer digits",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "invalid_key": "a text as key",
}
LIMITS: Mapping[str, str] = {
    "greater_than": "greater than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
}
OWN = ("value_error",)
"""Errors whose sentence is made by `config.checks` and the sections."""


def what_is_wrong(detail: ErrorDetails) -> str:
    """The sentence about one value."""
    kind, given = detail["type"], shown(detail["input"])
    if kind in OWN:
        return detail["msg"].removeprefix("Value error, ")
    if kind in EXPECTED:
        return f"expected {EXPECTED[kind]}, not {given}"
    if kind in LIMITS:
        return f"the value must be {LIMITS[kind].format(**detail['ctx'])}, not {given}"
    if kind == "string_too_short":
        return "the text must not be empty"
    return f"{detail['msg'].replace('Input should', 'the value must')}, not {given}"


def shown(given: object) -> str:
    """What stands in the file, as it would be written there."""
    match given:
        case None:
            return "null (nothing)"
        case bool():
            return "true" if given else "false"
        case int() | float():
            return str(given)
        case str():
            return repr(given if len(given) <= 80 else f"{given[:80]}..")
        case list() | tuple():
            return "a list"
        case dict():
            return "a section with keys"
        case datetime.date():
            return f"the date {given}"
        case _:
            return "this"
