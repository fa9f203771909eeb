"""The body of a native search -> `NativeSearch`, checked as NOMAD's request model checks it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

import orjson

from gateway.errors import NativeError
from gateway.model import Json, JsonObject, NativeQuery
from gateway.native.aggregations.rules import NativeAggregation, read_aggregations
from gateway.native.call import OWNERS
from gateway.native.reading.bounds import (
    OPERATORS,
    check_members,
    check_page,
    check_patterns,
    check_query,
    check_required_archive,
    no_quantity,
)
from gateway.native.refusals import in_body

WINDOW = 10_000
"""NOMAD's pages and offsets end here."""
ENTRY_ID = "entry_id"
WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
MAX_VALUE = 4_300
"""Characters of a `page_after_value`."""
Direction: TypeAlias = Literal["asc", "desc"]


@dataclass(frozen=True, slots=True)
class Pagination:
    """`pagination` as asked for."""

    size: int = 10
    order_by: str = ENTRY_ID
    order: Direction = "asc"
    after: str | None = None
    page: int | None = None
    offset: int | None = None

    @property
    def skip(self) -> int:
        """How many entries are skipped by number."""
        if self.offset:
            return self.offset
        return (self.page - 1) * self.size if self.page else 0

    @property
    def is_descending(self) -> bool:
        """Whether the order descends."""
        return self.order == "desc"


@dataclass(frozen=True, slots=True)
class Required:
    """What is wanted of index documents; None: no such list."""

    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None

    def echo(self, order_by: str) -> JsonObject:
        """As NOMAD repeats it: what orders the page is always included."""
        always = tuple(dict.fromkeys((order_by, ENTRY_ID)))
        written: JsonObject = {}
        if self.include is not None:
            more = [name for name in always if name not in self.include]
            written["include"] = [*self.include, *more]
        if self.exclude is not None:
            written["exclude"] = [name for name in self.exclude if name not in always]
        return written


@dataclass(frozen=True, slots=True)
class NativeSearch:
    """One search: whose entries, which, which page of them, what of each."""

    owner: str
    query: NativeQuery
    pagination: Pagination
    required: Required | None = None
    """Of index documents; None: the whole ones."""
    archive: Json = None
    """`required` of archives, where archives are asked for."""
    aggregations: tuple[NativeAggregation, ...] = ()


def read_body(raw: bytes) -> JsonObject:
    """The JSON object of a body."""
    check_members(raw)
    try:
        body: Json = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise in_body("json_invalid", (error.pos,), f"JSON decode error: {error.msg}") from None
    if not isinstance(body, dict):
        message = "Input should be a valid dictionary or object to extract fields from"
        raise in_body("model_attributes_type", (), message)
    return body


def read_search(body: JsonObject, *, archives: bool = False) -> NativeSearch:
    """What the body asks for; members that NOMAD does not know are ignored, as it does."""
    required = body.get("required")
    search = NativeSearch(
        read_owner(body.get("owner")),
        check_query(body.get("query")),
        read_pagination(body.get("pagination")),
        None if archives else read_required(required),
        check_required_archive(required) if archives else None,
        () if archives else read_aggregations(body.get("aggregations")),
    )
    check_page(required, search.pagination.size, archives=archives)
    return search


def read_owner(given: Json) -> str:
    """The owner; `public` unless given."""
    if given is None:
        return "public"
    if given not in OWNERS or not isinstance(given, str):
        known = "'public', 'all', 'visible', 'shared', 'user', 'staging' or 'admin'"
        raise in_body("enum", ("owner",), f"Input should be {known}", given)
    return given


def read_required(given: Json) -> Required | None:
    """`required` of index documents."""
    if given is None:
        return None
    if not isinstance(given, dict):
        raise in_body("model_attributes_type", ("required",), "Input should be a valid dictionary")
    required = Required(_patterns(given, "include"), _patterns(given, "exclude"))
    for one in required.exclude or ():
        if one != ENTRY_ID and fnmatchcase(ENTRY_ID, one):
            message = f"{one!r} would leave out {ENTRY_ID}, by which entries are put in order"
            raise in_body("value_error", ("required", "exclude"), f"{message}; name others.", one)
    return required


def _patterns(given: JsonObject, where: str) -> tuple[str, ...] | None:
    value = given.get(where)
    if value is None:
        return None
    if not isinstance(value, list):
        raise in_body("list_type", ("required", where), "Input should be a valid list", value)
    texts = tuple(one for one in value if isinstance(one, str))
    if len(texts) < len(value):
        raise in_body("string_type", ("required", where), "Input should be a valid string")
    check_patterns(texts, where=where)
    return texts


def read_pagination(given: Json) -> Pagination:
    """`pagination`, checked as NOMAD does."""
    if given is None:
        return Pagination()
    if not isinstance(given, dict):
        raise _wrong("model_attributes_type", "Input should be a valid dictionary")
    size = _whole(given, "page_size")
    order_by = _text(given, "order_by") or ENTRY_ID
    if OPERATORS.search(order_by):
        raise no_quantity(order_by, ("body", "pagination", "order_by"))
    pagination = Pagination(
        size=10 if size is None else size,
        order_by="mainfile" if order_by == "mainfile_path" else order_by,
        order=_direction(given.get("order")),
        after=_text(given, "page_after_value") or None,
        page=_whole(given, "page"),
        offset=_whole(given, "page_offset"),
    )
    _check_size(pagination)
    _check_depth(pagination)
    return pagination


def _check_size(pagination: Pagination) -> None:
    size = pagination.size
    if size < 0:
        raise _wrong("invalid_page_size", "page_size must be >= 0", "page_size", size)
    if size > WINDOW:
        raise NativeError(
            400,
            f"The page_size {size} is larger than {WINDOW}, the most that a NOMAD gives at once; "
            "go on with page_after_value.",
        )
    for name, value in (
        ("page_offset", pagination.offset),
        ("page", pagination.page),
        ("page_after_value", pagination.after),
    ):
        if size == 0 and value is not None:
            message = f"Cannot specify {name} when page_size is set to 0"
            raise _wrong("invalid_pagination", message)


def _check_depth(pagination: Pagination) -> None:
    size, page, offset = pagination.size, pagination.page, pagination.offset
    if page is not None and page <= 0:
        raise _wrong("bad_page", "Page has to be larger than 1", "page", page)
    if page is not None and page * size >= WINDOW:
        message = "Pagination by `page` is limited to 10.000 entries."
        raise _wrong("bad_page", message, "page", page)
    if offset is not None and offset < 0:
        message = "Page offset has to be larger than 0"
        raise _wrong("bad_page_offset", message, "page_offset", offset)
    if offset is not None and offset + size >= WINDOW:
        message = "Page offset plus page size has to be smaller than 10,000"
        raise _wrong("bad_page_offset", message, "page_offset", offset)
    if sum(map(bool, (offset, page, pagination.after))) > 1:
        message = "Can only specify one of: page_offset, page, or page_after_value"
        raise _wrong("multiple_pagination_criteria", message)


def _whole(given: Mapping[str, Json], name: str) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, str) and WHOLE.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong("int_parsing", "Input should be a valid integer", name, value)
    return value


def _text(given: Mapping[str, Json], name: str) -> str | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _wrong("string_type", "Input should be a valid string", name, value)
    if len(value) > MAX_VALUE:
        raise _wrong("string_too_long", f"The text has more than {MAX_VALUE} characters", name)
    return value


def _direction(value: Json) -> Direction:
    match value:
        case None | "asc":
            return "asc"
        case "desc":
            return "desc"
    raise _wrong("enum", "Input should be 'asc' or 'desc'", "order", value)


def _wrong(kind: str, message: str, name: str = "", given: Json = None) -> NativeError:
    return in_body(kind, ("pagination", name) if name else ("pagination",), message, given)
