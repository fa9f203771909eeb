"""Which aggregations are answered over several sites; every other one is refused with a way out."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from gateway.errors import NativeError
from gateway.model import Json, JsonObject
from gateway.native.aggregations.totals import MAX_AGGREGATIONS, MAX_SIZE, check_totals
from gateway.native.reading.bounds import MAX_TEXT, check_patterns, check_settings
from gateway.native.refusals import in_body, too_much

Kind: TypeAlias = Literal["terms", "histogram", "date_histogram", "min_max", "statistics"]
KINDS: tuple[Kind, ...] = ("terms", "histogram", "date_histogram", "min_max", "statistics")
MAX_BUCKETS = 1_000
MAX_EXAMPLES = 10
MAX_METRICS = 20
SUMS = ("n_entries", "n_calculations")
"""Metrics that are sums; the others count different values, which sites may have in common."""
CALENDAR = {
    "day": "1d", "1d": "1d", "week": "1w", "1w": "1w", "month": "1M", "1M": "1M",
    "quarter": "1q", "1q": "1q", "year": "1y", "1y": "1y",
}  # fmt: skip
DAYS = re.compile(r"[1-9][0-9]{0,4}d")
_OTHERS = {
    "percentiles": "ask each site under /sites/<name>/api/v1, or a histogram with an interval",
    "auto_date_histogram": "ask a date_histogram with a calendar_interval",
}


@dataclass(frozen=True, slots=True)
class NativeAggregation:
    """One aggregation as it is asked for."""

    name: str
    kind: Kind
    settings: JsonObject
    """As they are sent to each site."""

    @property
    def quantity(self) -> str:
        """What is aggregated; empty for statistics."""
        return str(self.settings.get("quantity", ""))


def read_aggregations(given: Json) -> tuple[NativeAggregation, ...]:
    """All of them; raises NativeError for one that has no exact answer here."""
    if given is None:
        return ()
    if not isinstance(given, dict):
        raise in_body("dict_type", ("aggregations",), "Input should be a valid dictionary")
    if len(given) > MAX_AGGREGATIONS:
        message = f"At most {MAX_AGGREGATIONS} aggregations are made at a time."
        raise too_much(("aggregations",), message)
    aggregations = tuple(_read(name, one) for name, one in given.items())
    check_totals([(one.kind, one.settings) for one in aggregations])
    return aggregations


def _read(name: str, given: Json) -> NativeAggregation:
    at: tuple[str, ...] = ("aggregations", name[:80])
    if len(name) > MAX_TEXT:
        raise too_much(at, f"A name has more than {MAX_TEXT} characters.")
    kinds = [] if not isinstance(given, dict) else [k for k, v in given.items() if v is not None]
    if not isinstance(given, dict) or len(kinds) != 1:
        raise in_body("aggregation", at, f"Give one of: {', '.join(KINDS)}")
    kind = kinds[0]
    if kind in _OTHERS:
        raise instead(at, f"{kind} cannot be merged exactly over several sites", _OTHERS[kind])
    settings = given[kind]
    if kind not in KINDS or not isinstance(settings, dict):
        raise in_body("aggregation", at, f"Give one of: {', '.join(KINDS)}")
    at = (*at, kind)
    check_settings(settings, at)
    _check_common(kind, settings, at)
    if kind == "terms":
        _check_terms(settings, at)
    elif kind == "histogram":
        _check_histogram(settings, at)
    elif kind == "date_histogram":
        settings = _with_interval(settings, at)
    return NativeAggregation(name, kind, settings)


def instead(at: tuple[str, ...], why: str, way: str) -> NativeError:
    """422: it has no exact answer; what to do."""
    return in_body("not_merged", at, f"{why}; {way}.")


def _check_common(kind: str, settings: JsonObject, at: tuple[str, ...]) -> None:
    if kind != "statistics" and not isinstance(settings.get("quantity"), str):
        raise in_body("missing", (*at, "quantity"), "Field required")
    if settings.get("exclude_from_search"):
        raise instead(
            (*at, "exclude_from_search"),
            "It would also leave out conditions of the gateway's own",
            "leave the criterion out of the query, in a request of its own",
        )
    metrics = settings.get("metrics") or []
    if not isinstance(metrics, list):
        raise in_body("list_type", (*at, "metrics"), "Input should be a valid list")
    if len(metrics) > MAX_METRICS:
        raise too_much((*at, "metrics"), f"`metrics` has more than {MAX_METRICS} names.")
    for metric in metrics:
        if metric not in SUMS:
            raise instead(
                (*at, "metrics"),
                f"{str(metric)[:80]} counts different values, which sites may have in common",
                f"ask {' or '.join(SUMS)}, or the values by a terms aggregation with pagination",
            )


def _check_terms(settings: JsonObject, at: tuple[str, ...]) -> None:
    size, pages = settings.get("size"), settings.get("pagination")
    if size is not None:
        _check_number(size, (*at, "size"), most=MAX_SIZE)
    if pages is not None:
        if not isinstance(pages, dict):
            raise in_body("model_attributes_type", (*at, "pagination"), "Should be a dictionary")
        if size is not None:
            message = "You cannot paginate and provide an extra size parameter."
            raise in_body("value_error", (*at, "pagination"), message)
        if pages.get("page_size") is not None:
            _check_number(pages["page_size"], (*at, "pagination", "page_size"), most=MAX_SIZE)
        if pages.get("page") is not None or pages.get("page_offset") is not None:
            message = (
                "Pagination by `page` is not possible for aggregations, use `page_after_value`"
            )
            raise in_body("invalid_page", (*at, "pagination", "page"), message)
        if pages.get("order_by") not in (None, "value", settings["quantity"]):
            raise instead(
                (*at, "pagination", "order_by"),
                "Pages are ordered by value alone",
                "leave order_by out, read all pages, and order them",
            )
    examples = settings.get("entries")
    if isinstance(examples, dict):
        _check_examples(examples, (*at, "entries"))
    include = settings.get("include")
    if isinstance(include, list) and len(include) > MAX_BUCKETS:
        raise too_much((*at, "include"), f"`include` has more than {MAX_BUCKETS} values.")


def _check_examples(examples: JsonObject, at: tuple[str, ...]) -> None:
    if examples.get("size") is not None:
        _check_number(examples["size"], (*at, "size"), most=MAX_EXAMPLES)
    required = examples.get("required")
    for where in ("include", "exclude"):
        patterns = required.get(where) if isinstance(required, dict) else None
        if isinstance(patterns, list):
            texts = [one for one in patterns if isinstance(one, str)]
            check_patterns(texts, where=f"entries.{where}")


def _check_histogram(settings: JsonObject, at: tuple[str, ...]) -> None:
    if settings.get("buckets") is not None:
        _check_number(settings["buckets"], (*at, "buckets"), most=MAX_BUCKETS)
        return
    interval = settings.get("interval")
    if interval is None:
        message = "Value error, Provide either interval or the number of buckets."
        raise in_body("value_error", at, message)
    if isinstance(interval, bool) or not isinstance(interval, int | float) or interval <= 0:
        raise in_body("greater_than", (*at, "interval"), "Input should be greater than 0", None)


def _with_interval(settings: JsonObject, at: tuple[str, ...]) -> JsonObject:
    """Calendar intervals of a day or more, or whole days: NOMAD names buckets by their day."""
    names = ("interval", "calendar_interval", "fixed_interval")
    given = {name: settings[name] for name in names if settings.get(name) is not None}
    if len(given) > 1:
        raise in_body("value_error", at, f"Only one of {', '.join(given)} can be given.")
    value = next(iter(given.values()), "1M")
    rest = {name: one for name, one in settings.items() if name not in names}
    if isinstance(value, str) and "fixed_interval" not in given and value in CALENDAR:
        return {**rest, "calendar_interval": CALENDAR[value]}
    if isinstance(value, str) and "calendar_interval" not in given and DAYS.fullmatch(value):
        return {**rest, "fixed_interval": value}
    raise instead(
        at,
        "NOMAD names the buckets by their day, so that shorter ones cannot be distinguished",
        "use a calendar_interval of 1d, 1w, 1M, 1q or 1y, or a fixed_interval of whole days (7d)",
    )


def _check_number(value: Json, at: tuple[str, ...], *, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise in_body("int_type", at, "Input should be a valid integer", None)
    if value <= 0:
        raise in_body("greater_than", at, "Input should be greater than 0", value)
    if value > most:
        raise too_much(at, f"It may be at most {most}.")
