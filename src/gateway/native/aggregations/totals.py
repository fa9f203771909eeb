"""What all aggregations of one request may cost together, beside what each of them may."""

from collections.abc import Sequence

from gateway.errors import NativeError
from gateway.model import JsonObject
from gateway.native.refusals import in_body, too_much

MAX_AGGREGATIONS = 20
MAX_SIZE = 10_000
MAX_DOCUMENTS = 10_000
"""Examples of all values."""
MAX_VALUES = 2 * MAX_SIZE
"""Of all of them: each site names so many terms and more, which are merged and ranked."""
MAX_LISTED = 50_000
"""Values and buckets of one answer; a histogram by interval has as many as its sites need."""
DEFAULT_SIZE = 10
BY_INTERVAL = 500
"""What a histogram by interval is taken for: how many buckets it has is known afterwards."""

Sized = tuple[str, JsonObject]
"""A kind of aggregation and its settings."""


def wanted_values(kind: str, settings: JsonObject) -> int:
    """How many values or buckets an aggregation has, as far as can be seen."""
    match kind:
        case "terms":
            pages = settings.get("pagination")
            of_page = pages.get("page_size") if isinstance(pages, dict) else None
            size = settings.get("size") or of_page
            return size if isinstance(size, int) else DEFAULT_SIZE
        case "histogram" | "date_histogram":
            buckets = settings.get("buckets")
            return buckets if isinstance(buckets, int) else BY_INTERVAL
    return 0


def check_totals(aggregations: Sequence[Sized]) -> None:
    """Raise NativeError for more than a NOMAD, or the gateway, is to count at a time."""
    values = examples = 0
    for kind, settings in aggregations:
        size = wanted_values(kind, settings)
        values += size
        entries = settings.get("entries") if kind == "terms" else None
        if isinstance(entries, dict):
            each = entries.get("size") or 1
            examples += size * each if isinstance(each, int) else 0
    if examples > MAX_DOCUMENTS:
        message = f"At most {MAX_DOCUMENTS} examples are read at a time: size times entries.size."
        raise too_much(("aggregations",), message)
    if values > MAX_VALUES:
        message = (
            f"At most {MAX_VALUES} values are counted at a time: the sizes and buckets of all "
            "aggregations together. Ask for fewer, or in several requests."
        )
        raise too_much(("aggregations",), message)


class Listed:
    """How many values and buckets the answer to one request has so far."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, value: JsonObject) -> None:
        """One more aggregation; raises NativeError where the answer would become too large."""
        data = value.get("data")
        self._count += len(data) if isinstance(data, list) else 0
        if self._count > MAX_LISTED:
            raise _too_many()


def _too_many() -> NativeError:
    return in_body(
        "too_much",
        ("aggregations",),
        f"The aggregations have more than {MAX_LISTED} buckets together; choose larger intervals, "
        "or ask for fewer at a time.",
    )
