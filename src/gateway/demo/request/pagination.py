"""`pagination` of a request, checked as NOMAD's request model checks it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.demo.refusals import RefusalError, crash, elastic_refusal, model_refusal

WINDOW = 10_000
ID = "entry_id"


@dataclass(frozen=True, slots=True)
class Pagination:
    """`pagination` of a request."""

    page_size: int = 10
    order_by: str = ID
    order: str = "asc"
    page_after_value: str | None = None
    page: int | None = None
    page_offset: int | None = None

    @property
    def start(self) -> int:
        """How many entries are skipped by number."""
        if self.page_offset:
            return self.page_offset
        return (self.page - 1) * self.page_size if self.page else 0


def read_pagination(data: object) -> Pagination:
    """Reads and checks `pagination` as NOMAD's request model does."""
    if data is None:
        return Pagination()
    if not isinstance(data, Mapping):
        raise _invalid("model_attributes_type", "Input should be a valid dictionary", given=data)
    size = _read_int(data, "page_size", 10)
    if size is None:
        raise crash("'<' not supported between instances of 'NoneType' and 'int'", kind="TypeError")
    if size < 0:
        raise _invalid("invalid_page_size", "page_size must be >= 0", "page_size", given=size)
    pagination = Pagination(
        page_size=size,
        order_by=_renamed(_read_text(data, "order_by") or ID),
        order=_read_order(data.get("order", "asc")),
        page_after_value=_read_text(data, "page_after_value"),
        page=_read_int(data, "page", None),
        page_offset=_read_int(data, "page_offset", None),
    )
    _check_depth(pagination)
    _check_together(pagination, data)
    return pagination


def _renamed(order_by: str) -> str:
    return "mainfile" if order_by == "mainfile_path" else order_by


def _check_depth(pagination: Pagination) -> None:
    page, offset = pagination.page, pagination.page_offset
    if page is not None and page <= 0:
        raise _invalid("bad_page", "Page has to be larger than 1", "page", given=page)
    if page is not None and page * pagination.page_size >= WINDOW:
        message = "Pagination by `page` is limited to 10.000 entries."
        raise _invalid("bad_page", message, "page", given=page)
    if offset is not None and offset < 0:
        raise _invalid(
            "bad_page_offset", "Page offset has to be larger than 0", "page_offset", given=offset
        )
    if offset is not None and offset + pagination.page_size >= WINDOW:
        message = "Page offset plus page size has to be smaller than 10,000"
        raise _invalid("bad_page_offset", message, "page_offset", given=offset)


def _check_together(pagination: Pagination, data: Mapping[str, object]) -> None:
    if sum(map(bool, (pagination.page, pagination.page_offset, pagination.page_after_value))) > 1:
        message = "Can only specify one of: page_offset, page, or page_after_value"
        raise _invalid("multiple_pagination_criteria", message, given=data)
    for name in ("page_offset", "page", "page_after_value"):
        if pagination.page_size == 0 and getattr(pagination, name) is not None:
            message = f"Cannot specify {name} when page_size is set to 0"
            raise _invalid("invalid_pagination", message, given=data)


def _read_int(data: Mapping[str, object], name: str, default: int | None) -> int | None:
    value = data.get(name, default)
    if value is None:
        return None
    try:
        number = float(str(value)) if not isinstance(value, bool) else math.nan
    except ValueError:
        number = math.nan
    if number != number or number != int(number):
        kind = "int_from_float" if isinstance(value, float) else "int_parsing"
        raise _invalid(kind, "Input should be a valid integer", name, given=value)
    return int(number)


def _read_text(data: Mapping[str, object], name: str) -> str | None:
    value = data.get(name)
    if value is None or isinstance(value, str):
        return value
    raise _invalid("string_type", "Input should be a valid string", name, given=value)


def _read_order(value: object) -> str:
    if value is None:
        reason = "[1:114] [field_sort] Expected START_OBJECT but was: END_OBJECT"
        raise elastic_refusal(reason, kind="x_content_parse_exception")
    if value not in ("asc", "desc"):
        raise _invalid("enum", "Input should be 'asc' or 'desc'", "order", given=value)
    return str(value)


def _invalid(kind: str, message: str, *at: str, given: object = None) -> RefusalError:
    return model_refusal(kind, loc=("pagination", *at), message=message, given=given)
