"""The parameters of a GET search -> the same body as POST takes, without NOMAD's traps.

NOMAD reads any quantity as a parameter (`n_elements__gt=3`), `q=<quantity>[__<op>]__<value>` and
`json_query`. There, `processed=false` is read as true, a text for a number is 500, and `and` in
`json_query` drops every `q`; here the first is false and the others are 422.
"""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, TypeVar

import orjson

from gateway.errors import NativeError
from gateway.model import Json, JsonObject
from gateway.native.kinds import known_kinds

Pairs: TypeAlias = Sequence[tuple[str, str]]
ALL = ("results.material.elements", "results.material.topology.elements")
"""Several values of these are those that all have to be there; of others, any."""
COMPARISONS = ("lt", "lte", "gt", "gte")
PAGING = ("page_size", "order_by", "order", "page_after_value", "page", "page_offset")
MOST_INTEGER, MOST_FLOAT = 2**63 - 1, sys.float_info.max
N = TypeVar("N", int, float)
OWN = (*PAGING, "owner", "include", "exclude", "q", "json_query")


def read_get(pairs: Pairs, *, with_required: bool) -> JsonObject:
    """The body that asks for the same."""
    held: dict[str, list[str]] = {}
    for name, value in pairs:
        held.setdefault(name, []).append(value)
    body: JsonObject = {"query": _query(held), "pagination": _pagination(held)}
    if "owner" in held:
        body["owner"] = held["owner"][-1]
    if with_required:
        required: JsonObject = {
            name: [*held[name]] for name in ("include", "exclude") if name in held
        }
        body["required"] = required
    return body


def _pagination(held: dict[str, list[str]]) -> JsonObject:
    return {name: held[name][-1] for name in PAGING if name in held}


def _query(held: dict[str, list[str]]) -> JsonObject:
    known = known_kinds()
    asked = {name: values for name, values in held.items() if name not in OWN}
    for text in held.get("q", ()):
        name, value = _read_q(text)
        if name.partition("__")[0] not in known:
            raise _wrong(text, f"{name.partition('__')[0]} is not a doc quantity")
        asked.setdefault(name, []).append(value)
    query: JsonObject = {}
    for key, values in asked.items():
        name, _, operator = key.partition("__")
        if name in known:  # NOMAD ignores other parameters
            query[name] = _criterion(name, operator, values, key)
    return _with_json(query, held.get("json_query", ()))


def _read_q(text: str) -> tuple[str, str]:
    fragments = text.split("__")
    if len(fragments) not in (2, 3):
        raise _wrong("q", "wrong format, use <quantity>[__<op>]__<value>")
    return "__".join(fragments[:-1]), fragments[-1]


def _criterion(name: str, operator: str, values: list[str], key: str) -> Json:
    read = [_value(name, text, key) for text in values]
    match operator:
        case "":
            return {"all" if name in ALL else "any": read}
        case "all" | "any":
            return {operator: read}
        case "lt" | "lte" | "gt" | "gte":
            if len(read) > 1:
                raise _wrong(key, f"operator {operator} does not support multiple values")
            return {operator: read[0] or str(read[0])}  # a bound of 0 counts as none
    raise _wrong(key, f"operator {operator} is unknown")


def _value(name: str, text: str, key: str) -> Json:
    try:
        match known_kinds()[name]:
            case "integer":
                return _within(int(text), MOST_INTEGER)
            case "float":
                return _within(float(text), MOST_FLOAT)
            case "boolean":
                return _boolean(text)
            case "date":
                datetime.fromisoformat(text)
                return text
    except ValueError:
        raise _wrong(key, f"{text[:80]!r} is no value of {name}") from None
    return text


def _within(value: N, most: N) -> N:
    """A number that the index can be asked for: not endless, not NaN."""
    if not -most <= value <= most:
        raise ValueError(value)
    return value


def _boolean(text: str) -> bool:
    words = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


def _with_json(query: JsonObject, texts: Sequence[str]) -> JsonObject:
    if not texts:
        return query
    try:
        given: Json = orjson.loads(texts[-1])
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise _wrong("json_query", "cannot parse json_query")
    if query and any(name in given for name in ("and", "or", "not")):
        raise _wrong(
            "json_query",
            "`and`, `or` and `not` in json_query would replace all other criteria; write these "
            "into the json_query, too",
        )
    return {**query, **given}


def _wrong(where: str, message: str) -> NativeError:
    return NativeError(422, [{"loc": ["query", where[:80]], "msg": message}])
