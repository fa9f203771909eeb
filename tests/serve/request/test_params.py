"""Query strings: decoding, names, values, and what is said of those that are refused."""

import pytest

from gateway.errors import (
    NotImplementedParameterError,
    PageLimitError,
    ParameterError,
    RequestError,
)
from gateway.model import EntryRequest, Notice, SearchRequest
from gateway.serve.request.params import Caller, read_entry, read_search
from gateway.serve.request.query_string import Rules, read_pairs, read_pairs_off_loop

RULES = Rules("fed", ("berlin", "munich"), longest_s=4)


def search(query: str, rules: Rules = RULES) -> SearchRequest:
    return search_and_notices(query, rules)[0]


def search_and_notices(
    query: str, rules: Rules = RULES
) -> tuple[SearchRequest, tuple[Notice, ...]]:
    pairs = read_pairs(query.encode())
    return read_search(pairs, entry_type="structures", rules=rules, caller=Caller())


def entry(query: str) -> EntryRequest:
    pairs = read_pairs(query.encode())
    return read_entry(pairs, entry_type="structures", entry_id="x", rules=RULES, caller=Caller())


@pytest.mark.parametrize(
    ("query", "filter_"),
    [
        ('filter=elements+HAS+ALL+"Mg","O"', 'elements HAS ALL "Mg","O"'),
        ("filter=elements%20HAS%20%22Mg%22", 'elements HAS "Mg"'),
        ('filter=elements HAS "Mg"', 'elements HAS "Mg"'),
        ("filter=nsites<4 AND nsites>=2", "nsites<4 AND nsites>=2"),
        ("filter=nsites%3C4", "nsites<4"),
        ("filter=a=1", "a=1"),
        ("filter=a!=1", "a!=1"),
        ("filter=%66ilter", "filter"),
        ("%66ilter=a", "a"),
        ('filter=a="x%2By"', 'a="x+y"'),
        ('filter=a="x%26y"', 'a="x&y"'),
        ('filter=a="100%"', 'a="100%"'),
        ('filter=a="%zz"', 'a="%zz"'),
        ("filter=a;b", "a;b"),
        ('filter=a="é"', 'a="é"'),
        ('filter=a="%C3%A9"', 'a="é"'),
        ("filter=", None),
        ("filter=+%20+", None),
        ("filter", None),
        ("", None),
        ("&&", None),
    ],
)
def test_filter_decoding(query: str, filter_: str | None) -> None:
    """`+` and %20 are spaces, a real plus is %2B; unescaped characters pass as they are."""
    assert search(query).filter == filter_


@pytest.mark.parametrize("query", [b"filter=%ff", b"filter=\xff", b"%C3=1"])
def test_not_text(query: bytes) -> None:
    """A query string that is not UTF-8 is refused."""
    with pytest.raises(ParameterError, match="not UTF-8"):
        read_pairs(query)


@pytest.mark.parametrize("count", [1, 100_000])
async def test_off_the_event_loop(count: int) -> None:
    """What is decoded in a thread, as it is long, is read and refused as a short text is."""
    text = b"filter=" + b"%C3%A9+" * count + b"&sort=nsites"
    assert await read_pairs_off_loop(text) == read_pairs(text)
    with pytest.raises(ParameterError, match="not UTF-8"):
        await read_pairs_off_loop(text + b"%ff")
    with pytest.raises(ParameterError, match="at most 1 are read"):
        await read_pairs_off_loop(text, most=1)


def test_defaults() -> None:
    """Without parameters: the first page of everything, with references."""
    assert search("") == SearchRequest("structures", page_limit=20, include=("references",))


@pytest.mark.parametrize(
    ("query", "limit", "offset", "cursor"),
    [
        ("page_limit=1", 1, 0, None),
        ("page_limit=500", 500, 0, None),
        ("page_limit=007", 7, 0, None),
        ("page_limit=", 20, 0, None),
        ("page_limit=&page_number=&page_offset=", 20, 0, None),
        ("page_offset=40", 20, 40, None),
        ("page_number=3", 20, 40, None),
        ("page_number=1", 20, 0, None),
        ("page_number=3&page_limit=7", 7, 14, None),
        ("page_offset=0&page_number=3", 20, 40, None),
        ("page_offset=10&page_number=3", 20, 10, None),
        ("page_cursor=abc", 20, 0, "abc"),
        ("page_cursor=abc&page_offset=40", 20, 40, "abc"),
        ("page_cursor=", 20, 0, None),
        ("page_above=&page_below=", 20, 0, None),
        ("page_above=5", 20, 0, None),
        ("page_below=5&page_offset=40", 20, 40, None),
        ("page_number=0", 20, 0, None),
        ("page_number=-3&page_limit=7", 7, 0, None),
        ("page_number=-0", 20, 0, None),
        ("page_offset=10&page_number=0", 20, 10, None),
        ("page_offset=12000000000", 20, 12_000_000_000, None),
    ],
)
def test_paging(query: str, limit: int, offset: int, cursor: str | None) -> None:
    """A page_offset that is not zero wins over page_number; a page_cursor wins over both."""
    request = search(query)
    assert (request.page_limit, request.offset, request.cursor) == (limit, offset, cursor)


@pytest.mark.parametrize("name", ["page_offset", "page_number"])
def test_huge_numbers(name: str) -> None:
    """However large a number is, it is only a page past the end."""
    assert search(f"{name}={'9' * 5000}").offset > 10**20


@pytest.mark.parametrize(("asked", "maximum"), [("501", 500), ("1000", 500), ("99999999999", 500)])
def test_page_limit_above(asked: str, maximum: int) -> None:
    """The refusal holds no number but the maximum and the one asked for: clients read them."""
    with pytest.raises(PageLimitError) as caught:
        search(f"page_limit={asked}")
    assert str(caught.value) == f"Max allowed page_limit is {maximum}, you requested {asked}"
    assert caught.value.parameter == "page_limit"


def test_huge_page_limit() -> None:
    """A page_limit of thousands of digits is above the maximum, too."""
    with pytest.raises(PageLimitError):
        search(f"page_limit={'9' * 5000}")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("sort=nsites", (("nsites", False),)),
        ("sort=-nsites", (("nsites", True),)),
        ("sort=-nelements,nsites", (("nelements", True), ("nsites", False))),
        ("sort=%20nsites%20,%20-id", (("nsites", False), ("id", True))),
        ("sort=nsites,-nsites", (("nsites", False),)),
        ("sort=", ()),
        ("sort=+%20", ()),
    ],
)  # fmt: skip
def test_sort(query: str, names: tuple[tuple[str, bool], ...]) -> None:
    """Keys in their order; a second mention of a property cannot change the order."""
    assert search(query).sort == names


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", None),
        ("response_fields=nsites,id", ("nsites", "id")),
        ("response_fields=nsites,nsites,%20id", ("nsites", "id")),
        ("response_fields=", ()),
        ("response_fields=%20", ()),
    ],
)
def test_response_fields(query: str, fields: tuple[str, ...] | None) -> None:
    """Without the parameter the defaults, with an empty one no more than what is required."""
    assert search(query).response_fields == fields
    assert entry(query).response_fields == fields


@pytest.mark.parametrize(
    ("query", "include"),
    [
        ("", ("references",)),
        ("include=references", ("references",)),
        ("include=references,references", ("references",)),
        ("include=", ()),
        ("include", ()),
    ],
)
def test_include(query: str, include: tuple[str, ...]) -> None:
    """References unless given; empty means none."""
    assert search(query).include == include
    assert entry(query).include == include


@pytest.mark.parametrize(
    ("query", "sites"),
    [
        ("", None),
        ("_fed_sites=", None),
        ("_fed_sites=munich", ("munich",)),
        ("_fed_sites=munich,berlin,munich", ("munich", "berlin")),
    ],
)
def test_sites(query: str, sites: tuple[str, ...] | None) -> None:
    """All sites unless some are chosen."""
    assert search(query).sites == sites


def test_one_site_view() -> None:
    """A view of one site asks that site, also for single entries, and knows no other."""
    rules = Rules("fed", ("berlin",), only="berlin")
    assert search("", rules).sites == ("berlin",)
    assert search("_fed_sites=berlin", rules).sites == ("berlin",)
    with pytest.raises(ParameterError, match="the only site is berlin"):
        search("_fed_sites=munich", rules)
    request = read_entry((), entry_type="structures", entry_id="x", rules=rules, caller=Caller())
    assert request.sites == ("berlin",)


def test_own_parameters() -> None:
    """What the gateway adds of its own."""
    assert search("_fed_partial=forbid").partial == "forbid"
    assert search("_fed_partial=allow").partial == "allow"
    assert search("_fed_partial=").partial == "allow"
    assert search("").copies == "merge"
    assert search("_fed_copies=all").copies == "all"
    assert search("_fed_copies=merge").copies == search("_fed_copies=").copies == "merge"
    assert search("_fed_facets=elements, nsites,elements").facets == ("elements", "nsites")
    assert search("_fed_facets=&response_format=_fed_jsonl").facets == ()
    assert search("_fed_timeout=2.5").timeout_s == 2.5
    assert search("_fed_timeout=4").timeout_s == 4
    assert search("_fed_timeout=").timeout_s is None
    assert entry("_fed_timeout=1").timeout_s == 1


def test_caller() -> None:
    """The caller's token, id and wish for a fresh answer go with the request."""
    caller = Caller(request_id="r1", token="t", fresh=True)
    request, _ = read_search((), entry_type="structures", rules=RULES, caller=caller)
    assert (request.request_id, request.token, request.fresh) == ("r1", "t", True)
    assert "token" not in repr(request)


@pytest.mark.parametrize(
    ("query", "parameter", "says"),
    [
        ("fliter=a", "fliter", "Did you mean 'filter'?"),
        ("foo=1", "foo", "page_limit"),
        ("Filter=a", "Filter", "Did you mean 'filter'?"),
        ("fields[structures]=a", "fields[structures]", "Allowed are filter"),
        ("_fed_site=a", "_fed_site", "Did you mean '_fed_sites'?"),
        ("_fed_=a", "_fed_", "_fed_partial"),
        ("_x=a", "_x", "Allowed are"),
        ("_=a", "_", "Allowed are"),
        ("__x_y=a", "__x_y", "Allowed are"),
        ("=a", "", "Allowed are"),
        ("filter=a&b", "b", "Allowed are"),
        ("page_limit=0", "page_limit", "from 1 upwards"),
        ("page_limit=-1", "page_limit", "from 1 upwards"),
        ("page_limit=ten", "page_limit", "'ten'"),
        ("page_limit=2.0", "page_limit", "whole number"),
        ("page_limit=1e2", "page_limit", "whole number"),
        ("page_limit=٣", "page_limit", "whole number"),
        ("page_limit=-" + "9" * 5000, "page_limit", "from 1 upwards"),
        ("page_number=0.0", "page_number", "from 1 upwards"),
        ("page_number=first", "page_number", "from 1 upwards"),
        ("page_offset=-1", "page_offset", "from 0 upwards"),
        ("page_offset=x", "page_offset", "from 0 upwards"),
        ("page_above=5&page_offset=x", "page_offset", "from 0 upwards"),
        ("sort=-", "sort", "minus"),
        ("sort=nelements,-", "sort", "minus"),
        ("sort=nelements,", "sort", "item 2 of 2"),
        ("sort=,nelements", "sort", "item 1 of 2"),
        ("sort=nelements,,nsites", "sort", "item 2 of 3"),
        ("sort=nelements,%20,nsites", "sort", "item 2 of 3"),
        ("sort=,", "sort", "empty item"),
        ("response_fields=nsites,", "response_fields", "item 2 of 2"),
        ("response_fields=,nsites", "response_fields", "item 1 of 2"),
        ("response_fields=nsites,,id", "response_fields", "item 2 of 3"),
        ("response_fields=,", "response_fields", "empty item"),
        ("include=references,", "include", "item 2 of 2"),
        ("include=,", "include", "empty item"),
        ("_fed_sites=berlin,", "_fed_sites", "item 2 of 2"),
        ("_fed_sites=,", "_fed_sites", "empty item"),
        ("response_format=xml", "response_format", "allowed are json"),
        ("response_format=JSON", "response_format", "allowed are json"),
        ("include=authors", "include", "references"),
        ("include=references,structures", "include", "'structures'"),
        ("email_address=nobody", "email_address", "name@example.org"),
        ("_fed_sites=rome", "_fed_sites", "the sites are berlin, munich"),
        ("_fed_sites=berlin,rome", "_fed_sites", "'rome'"),
        ("_fed_partial=maybe", "_fed_partial", "allow or forbid"),
        ("_fed_copies=none", "_fed_copies", "merge or all"),
        ("_fed_facets=elements&response_format=_fed_jsonl", "_fed_facets", "json answers alone"),
        ("_fed_timeout=0", "_fed_timeout", "from 0.1 to 4"),
        ("_fed_timeout=4.1", "_fed_timeout", "to 4"),
        ("_fed_timeout=soon", "_fed_timeout", "seconds"),
        ("_fed_timeout=nan", "_fed_timeout", "seconds"),
        ("filter=a&filter=b", "filter", "more than once"),
        ("filter=a&filter=a", "filter", "more than once"),
        ("page_limit=1&page_limit=2", "page_limit", "more than once"),
    ],
)
def test_refusals(query: str, parameter: str, says: str) -> None:
    """A refused parameter is named, with what is allowed."""
    with pytest.raises(RequestError) as caught:
        search(query)
    assert caught.value.parameter == parameter
    assert says in caught.value.detail


@pytest.mark.parametrize(
    "query",
    [
        "response_fields=" + ",".join(["nsites"] * 10_000),
        "_exmpl_x=" + "%C3%A9" * 11_000,
        "&".join(f"_exmpl_{i}=" + "x" * 1_000 for i in range(70)),
        "email_address=" + "a" * 65_000 + "@b",
    ],
)
def test_parameters_that_no_link_could_repeat(query: str) -> None:
    """The filter and page_cursor have bounds of their own; what is beside them fits into links."""
    with pytest.raises(ParameterError, match="at most 64512 are read"):
        search(query)


def test_the_longest_filter_and_cursor_leave_the_rest_its_room() -> None:
    """They do not count."""
    fields = ",".join(["nsites"] * 6_000)
    request = search(f"filter={'a' * 200_000}&page_cursor={'b' * 200_000}&response_fields={fields}")
    assert request.response_fields == ("nsites",)


def test_foreign_parameters() -> None:
    """Other providers' parameters are a warning each, not an error."""
    request, notices = search_and_notices("_exmpl_key=1&_nmd_x=2&_exmpl_key=3&filter=a")
    assert request.filter == "a"
    assert [notice.detail.split("'")[1] for notice in notices] == ["_exmpl_key", "_nmd_x"]


def test_ignored_page_number() -> None:
    """A page_number that says otherwise than page_offset is ignored with a warning."""
    _, notices = search_and_notices("page_offset=10&page_number=3")
    assert "page_number=3 was ignored" in notices[0].detail
    for agreeing in ("page_offset=40&page_number=3", "page_offset=0&page_number=3",
                     "page_cursor=x&page_offset=10&page_number=3"):  # fmt: skip
        assert search_and_notices(agreeing)[1] == ()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("page_above=5", ["page_above is not supported"]),
        ("page_below=5", ["page_below is not supported"]),
        ("page_above=5&page_below=6", ["page_above is not", "page_below is not"]),
        ("page_number=0", ["counted from 1: page_number=0 was taken as 1"]),
        ("page_number=-3&page_offset=0", ["page_number=-3 was taken as 1"]),
        ("page_number=-" + "9" * 5000, ["counted from 1"]),
        ("page_number=0&page_offset=10", ["page_number=0 was ignored because page_offset=10"]),
        ("page_number=0&page_cursor=x", []),
        ("page_number=1&page_above=", []),
    ],
)
def test_paging_that_cannot_be_met(query: str, says: list[str]) -> None:
    """It is ignored with a warning, as by the reference server; page numbers begin with 1."""
    _, notices = search_and_notices(query)
    assert len(notices) == len(says)
    for notice, words in zip(notices, says, strict=True):
        assert words in notice.detail
        assert notice.code == "_fed_parameter_ignored"


def test_dimension_slices() -> None:
    """Slices are not implemented, an empty value means none."""
    for read in (search, entry):
        with pytest.raises(NotImplementedParameterError, match="dimension_slices"):
            read("dimension_slices=dim_sites[0:1:1]")
        read("dimension_slices=")


def test_single_entries_ignore_what_they_do_not_know() -> None:
    """Unrecognised parameters of single entries are ignored, even repeated (section "Single")."""
    request = entry("foo=1&foo=2&filter=x&filter=y&page_limit=0&_fed_sites=rome&sort=-")
    assert request == EntryRequest("structures", "x", include=("references",))


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("response_format=xml", "response_format"),
        ("include=x", "include"),
        ("response_fields=a&response_fields=b", "response_fields"),
        ("email_address=x", "email_address"),
    ],
)
def test_single_entries_check_what_they_know(query: str, parameter: str) -> None:
    """Recognised parameters of single entries are checked as in listings."""
    with pytest.raises(ParameterError) as caught:
        entry(query)
    assert caught.value.parameter == parameter
