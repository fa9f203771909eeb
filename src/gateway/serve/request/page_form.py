"""The parameters of the search page, and the forms that are sent to it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gateway.config import Config
from gateway.page.form.fields import BEFORE, CHOSEN, NAMES, read_fields
from gateway.page.form.filter_text import write_fields
from gateway.page.form.rules import Vocabulary
from gateway.page.search.address import PageAddress, read_address
from gateway.parse import FilterLimits
from gateway.serve.request.packed_filter import PACKED, unpack_filter
from gateway.serve.request.paths import RequestTarget
from gateway.serve.request.query_string import Pairs, once

MAX_PARAMETERS = 250
"""The periodic table alone has 118."""
MOST_ROWS, MOST_COLUMNS = 100, 20
"""Of one page: more take longer to write than a page may. So it never needs one of the few slots
for large pages."""
FORM = "form"
"""The parameter that says which form is sent: `fields`, `filter` or `view`."""
COLUMN = "column"
_OF_FORMS = (FORM, COLUMN, CHOSEN, BEFORE, *NAMES)


def vocabulary_of(config: Config, target: RequestTarget) -> Vocabulary:
    """What the search form of this view knows."""
    keys = config.filters
    limits = FilterLimits(
        length=keys.length, depth=keys.depth, terms=keys.terms, values=keys.values
    )
    sites = () if target.site else tuple(site.name for site in config.sites)
    return Vocabulary(config.provider.prefix, sites, limits)


def listed(pairs: Pairs) -> Mapping[str, Sequence[str]]:
    """All values of each name: boxes of one name are sent each by itself."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def plain_address(pairs: Pairs, vocabulary: Vocabulary) -> PageAddress:
    """The address of a search, which has none of the names that only forms use. A filter that
    a link of the API has packed is shown as its text."""
    given = once(pairs)
    name = vocabulary.own(PACKED)
    packed = given.pop(name, "")
    if packed and not given.get("filter"):
        longest = vocabulary.limits.length
        given["filter"] = unpack_filter(packed, parameter=name, longest=longest)
    return read_address(given)


def kept_address(pairs: Pairs) -> PageAddress:
    """The address that a form was sent from, as far as the form keeps it."""
    return replace(
        read_address(once(tuple(pair for pair in pairs if pair[0] not in _OF_FORMS))), paging=()
    )


def submitted_address(
    pairs: Pairs, vocabulary: Vocabulary, *, default_columns: Sequence[str], default_limit: int
) -> PageAddress:
    """The address of the search that a form asks for; raises FieldErrors."""
    given, address = listed(pairs), kept_address(pairs)
    match given[FORM][0]:
        case "fields":
            text = write_fields(read_fields(given), vocabulary)
            return address.having(filter_text=text)
        case "view":
            columns = tuple(given.get(COLUMN, ()))
            is_default = not columns or set(columns) == set(default_columns)
            limit = "" if address.page_limit == str(default_limit) else address.page_limit
            fields = "" if is_default else ",".join(columns)
            return replace(address, response_fields=fields, page_limit=limit)
        case _:
            return address


def beyond_a_page(rows: int, columns: int) -> tuple[str, ...]:
    """Messages where more is asked for than a page holds."""
    messages = []
    if rows > MOST_ROWS:
        messages.append(
            f"A page has at most {MOST_ROWS} rows, not {rows}. The others are on the next pages; "
            "the downloads hold all of them."
        )
    if columns > MOST_COLUMNS:
        messages.append(
            f"A page has at most {MOST_COLUMNS} columns, not {columns}. The table as a file (CSV) "
            "holds all of them."
        )
    return tuple(messages)
