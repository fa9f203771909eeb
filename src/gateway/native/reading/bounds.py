"""Whether a caller's native query may go to the sites: what it can cost there is bounded.

Nothing is changed. NOMAD refuses what is wrong, and this what is too much: deep nesting keeps one
of its workers busy for 45 s, `prefix` makes it crash, wide nodes are refused by Elasticsearch.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from gateway.errors import NativeError
from gateway.model import Json, JsonObject
from gateway.native.refusals import in_body, malformed, too_much

MAX_DEPTH = 16
"""Of and, or, not and sections within one another. NOMAD takes 20; the
difference is for what a site's part adds, and the owner."""
MAX_PARTS = 1_000
"""Of one and/or, and values of one `:all`, `:none` or plain list: each is a clause, of which 1,024
are taken."""
MAX_CRITERIA = 4_000
MAX_VALUES = 65_536
"""Of one `:any`, which is one clause, and of all of them."""
MAX_TEXT = 4_096
MAX_FILTER, MAX_PARENTHESES = 2_000, 20
"""Of an `optimade_filter`, which NOMAD parses slowly."""
MAX_PATTERNS = 200
"""Of `include` and `exclude`: 230 of them take 2.3 s for 60 entries."""
MAX_REQUIRED = 50
"""Depth of `required` of an archive."""
MAX_REQUIRED_NAMES, MAX_REQUIRED_TEXT = 5_000, 200_000
"""Names of `required` of an archive, and characters: both go to a site for each 20 entries."""
MAX_REQUIRED_WORK = 1_000_000
"""Names of `required` times entries of the page: 5 million take three sites 30 s."""
MAX_PATTERN_WORK = 100_000
"""Patterns with a star times entries of the page: half a million take three sites 60 s."""
MAX_SETTINGS_DEPTH, MAX_SETTINGS = 8, 2_000
"""Of one aggregation: levels, and members of its objects and lists."""
MAX_SENT = 8 * 1024 * 1024
"""Bytes that a site is sent for one search: each aggregation is a request of its own."""
MAX_COMMAS, MAX_BRACKETS = 150_000, 30_000
"""Of a whole body, in texts as well: twice and more what all other bounds let through."""
OPERATORS = re.compile(r":(?:all|any|none|lt|lte|gt|gte)$")
COMPARISONS = frozenset({"lt", "lte", "gt", "gte"})
LISTS = frozenset({"all", "any", "none"})


def check_members(raw: bytes) -> None:
    """Raise NativeError for a body that would take the event loop 50 ms and more to read: 4 MB of
    empty lists take 1.5 s."""
    if raw.count(b",") > MAX_COMMAS or raw.count(b"[") + raw.count(b"{") > MAX_BRACKETS:
        raise malformed("too_much", ("body",), "The body has too many lists, objects and members.")


def check_query(query: Json) -> JsonObject:
    """The query, if it can be sent; raises NativeError."""
    if query is None:
        return {}
    if not isinstance(query, dict):
        raise _no_object(query)
    count = values = 0
    rest: list[tuple[Json, int]] = [(query, 1)]
    while rest:
        node, depth = rest.pop()
        if depth > MAX_DEPTH:
            raise too_much(("query",), f"The query is nested more than {MAX_DEPTH} deep.")
        if not isinstance(node, dict):
            raise _no_object(node)
        count += len(node)
        for name, value in node.items():
            inner, more = _inside(name, value)
            rest += [(one, depth + 1) for one in inner]
            values += more
        if count > MAX_CRITERIA:
            raise too_much(("query",), f"The query has more than {MAX_CRITERIA} criteria.")
        if values > MAX_VALUES:
            raise too_much(("query",), f"The query has more than {MAX_VALUES} values in lists.")
        if "prefix" in node and "query" in node:
            raise in_body(
                "prefix", ("query",), "Write a section as {'section': {..}}, not as a prefix."
            )
    return query


def _inside(name: str, value: Json) -> tuple[Sequence[Json], int]:
    """The queries within one member of a query, and how many values its lists hold."""
    if len(name) > MAX_TEXT:
        raise too_much(("query",), f"A name has more than {MAX_TEXT} characters.")
    plain = OPERATORS.sub("", name)
    if plain != name and OPERATORS.search(plain):
        raise no_quantity(plain, ("body", "query", name[:80]))
    match value:
        case str():
            _check_text(name, value)
        case list() if name in ("and", "or"):
            if len(value) > MAX_PARTS:
                raise too_much(("query", name), f"`{name}` has more than {MAX_PARTS} parts.")
            return value, 0
        case list():
            return (), _check_list(name, value)
        case dict() if value and value.keys() <= COMPARISONS:
            for bound in value.values():
                _check_scalar(name, bound)
        case dict() if len(value) == 1 and value.keys() <= LISTS:
            ((operator, listed),) = value.items()
            if isinstance(listed, list):
                return (), _check_list(f"{name}:{operator}", listed)
            return (), 0
        case dict():
            return (value,), 0
    return (), 0


def _check_list(name: str, values: list[Json]) -> int:
    most = MAX_VALUES if name.endswith(":any") else MAX_PARTS
    if len(values) > most:
        raise too_much(("query", name[:80]), f"The list has more than {most} values.")
    for value in values:
        _check_scalar(name, value)
    return len(values)


def _check_scalar(name: str, value: Json) -> None:
    if isinstance(value, dict | list):
        raise in_body(
            "scalar_type", ("query", name[:80]), "Input should be a text, a number or a boolean"
        )
    if isinstance(value, str):
        _check_text(name, value)


def _check_text(name: str, text: str) -> None:
    if len(text) > MAX_TEXT:
        raise too_much(("query", name[:80]), f"A text has more than {MAX_TEXT} characters.")
    if name.partition(":")[0] == "optimade_filter" and (
        len(text) > MAX_FILTER or text.count("(") > MAX_PARENTHESES
    ):
        raise too_much(
            ("query", "optimade_filter"),
            f"An optimade_filter may have {MAX_FILTER} characters and {MAX_PARENTHESES} "
            "parentheses; the gateway's OPTIMADE API takes larger ones.",
        )


def check_patterns(patterns: Sequence[str], *, where: str) -> None:
    """Raise NativeError for more patterns than a NOMAD can work on."""
    if len(patterns) > MAX_PATTERNS:
        raise too_much(("required", where), f"`{where}` has more than {MAX_PATTERNS} names.")
    for one in patterns:
        if len(one) > MAX_TEXT or one.count("*") > 5:
            raise too_much(("required", where), "A pattern is too long or has too many stars.")


def check_required_archive(required: Json) -> Json:
    """`required` of an archive, if it can be sent; `*` unless given."""
    if required is None:
        return "*"
    if not isinstance(required, str | dict):
        raise in_body("string_type", ("required", "str"), "Input should be a valid string", None)
    count = text = 0
    for depth, size, characters in _sizes(required):
        count, text = count + size, text + characters
        if depth > MAX_REQUIRED or count > MAX_REQUIRED_NAMES or text > MAX_REQUIRED_TEXT:
            raise too_much(
                ("required",),
                f"`required` may be {MAX_REQUIRED} deep and have {MAX_REQUIRED_NAMES} names and "
                f"{MAX_REQUIRED_TEXT} characters.",
            )
    return required


def check_page(required: Json, size: int, *, archives: bool) -> None:
    """Raise NativeError where what is wanted of each entry is too much for so many of them."""
    if archives:
        names, most = sum(count for _, count, _ in _sizes(required)), MAX_REQUIRED_WORK
    else:
        names, most = sum(text.count("*") > 0 for text in _all_texts(required)), MAX_PATTERN_WORK
    if names > 1 and names * size > most:
        what = "names" if archives else "patterns"
        raise too_much(
            ("pagination", "page_size"),
            f"With {names} {what} in `required` a page has at most {most // names} entries.",
        )


def check_sent(body_bytes: int, aggregations: int) -> None:
    """Raise NativeError for a search that is sent to each site too often for its size."""
    if body_bytes * (1 + aggregations) > MAX_SENT:
        raise too_much(
            ("aggregations",),
            f"The query goes to the sites once for each of {aggregations} aggregations, and is too "
            "large for that; ask for fewer at a time.",
        )


def check_settings(settings: JsonObject, at: Sequence[str]) -> None:
    """Raise NativeError for settings of an aggregation that cannot be sent to a site."""
    count = 0
    for depth, size, characters in _sizes(settings):
        count += size
        is_long = characters > max(size, 1) * MAX_TEXT
        if depth > MAX_SETTINGS_DEPTH or count > MAX_SETTINGS or is_long:
            raise too_much(at, "An aggregation has too many members, levels or characters.")


def _all_texts(value: Json) -> Iterator[str]:
    """The texts of an object's lists."""
    for one in value.values() if isinstance(value, Mapping) else ():
        yield from (text for text in one if isinstance(text, str)) if isinstance(one, list) else ()


def _sizes(value: Json) -> Iterator[tuple[int, int, int]]:
    """The depth of each value within another one, how many it holds, and its characters."""
    rest: list[tuple[Json, int]] = [(value, 1)]
    while rest:
        node, depth = rest.pop()
        inner: Sequence[Json] = ()
        characters = 0
        match node:
            case str():
                characters = len(node)
            case dict():
                inner, characters = [*node.values()], sum(map(len, node))
            case list():
                inner = node
        yield depth, len(inner), characters
        rest += [(one, depth + 1) for one in inner]


def no_quantity(name: str, loc: Sequence[str]) -> NativeError:
    """NOMAD's refusal of a name; it crashes on one that ends in an operator."""
    return malformed("value_error", loc, f"{name[:80]} is not a doc quantity")


def _no_object(given: Json) -> NativeError:
    return in_body(
        "model_attributes_type",
        ("query", "And"),
        "Input should be a valid dictionary or object to extract fields from",
        given if not isinstance(given, dict | list) else None,
    )
