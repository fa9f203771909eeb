"""One search in the index of a demo Oasis: owner, query and pagination -> a page of entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.demo.elasticsearch.elastic import Bool, Elastic, Match, both, check_limits
from gateway.demo.elasticsearch.index import Index, make_index
from gateway.demo.pages import Page, Pager, make_pager
from gateway.demo.quantities import Catalogue, is_old, read_catalogue
from gateway.demo.query.native import Translator
from gateway.demo.query.native_read import Node
from gateway.demo.refusals import RefusalError, model_refusal
from gateway.demo.request.pagination import Pagination
from gateway.demo.store import Entry, read_entries

PUBLIC = (Match("published", True), Match("with_embargo", False))
OWNERS: dict[str, Elastic] = {
    "public": Bool(must=PUBLIC),
    "visible": Bool(must=PUBLIC),
    "all": Match("published", True),
    "null": Bool(),
}
PERSONAL = ("shared", "user", "staging", "admin")


@dataclass(frozen=True, slots=True)
class Oasis:
    """The entries of one site, ready to be searched, and the NOMAD version that it imitates."""

    entries: tuple[Entry, ...]
    index: Index
    pager: Pager
    catalogue: Catalogue
    translator: Translator
    version: str
    deployment: str


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The page, all entries that match (as bits), and the parts of the request in the answer."""

    page: Page
    selected: int
    query: Node
    head: dict[str, object]


def open_oasis(source: str | Path | Sequence[Mapping[str, object]], *, version: str) -> Oasis:
    """Loads and indexes the entries."""
    entries = read_entries(source, version=version)
    catalogue = read_catalogue(version)
    index = make_index([entry.document for entry in entries], catalogue)
    return Oasis(
        entries,
        index,
        make_pager(index, catalogue),
        catalogue,
        Translator(catalogue, version),
        version,
        str(source) if isinstance(source, str) else "demo",
    )


def search(oasis: Oasis, body: Mapping[str, object], pagination: Pagination) -> SearchResult:
    """Carries out a search as Elasticsearch and NOMAD do."""
    owner = _read_owner(oasis, body)
    query, node = oasis.translator.translate(body.get("query"))
    complete = both(query, OWNERS[owner])
    oasis.pager.check(pagination)
    check_limits(complete)
    selected = oasis.index.select(complete)
    page = oasis.pager.take(selected, pagination)
    return SearchResult(
        page,
        selected,
        node,
        {
            "owner": "all" if owner == "null" else owner,
            "pagination": _written_pagination(pagination, page),
        },
    )


def _read_owner(oasis: Oasis, body: Mapping[str, object]) -> str:
    owner = body.get("owner", "public")
    if owner is None:  # 1.3 takes null for no restriction at all
        return "null" if is_old(oasis.version) else "public"
    if owner in PERSONAL:
        raise RefusalError(401, _log_in_text(str(owner), version=oasis.version))
    if owner not in OWNERS:
        known = "'public', 'all', 'visible', 'shared', 'user', 'staging' or 'admin'"
        raise model_refusal("enum", loc=("owner",), message=f"Input should be {known}", given=owner)
    return str(owner)


def _log_in_text(owner: str, *, version: str) -> str:
    if not is_old(version):
        return f"Authentication required for owner={owner!r}."
    texts = {
        "staging": "Authentication required for owner value user",
        "admin": "This can only be used by the admin user.",
    }
    return texts.get(owner, f"Authentication required for owner value {owner}.")


def _written_pagination(pagination: Pagination, page: Page) -> dict[str, object]:
    dumped: dict[str, object] = {
        "page_size": pagination.page_size,
        "order_by": pagination.order_by,
        "order": pagination.order,
    }
    for name in ("page_after_value", "page", "page_offset"):
        if getattr(pagination, name) is not None:
            dumped[name] = getattr(pagination, name)
    if pagination.page_after_value == "" and pagination.order_by != "entry_id":
        dumped["page_after_value"] = ":"
    dumped["total"] = page.total
    if page.next_page_after_value is not None:
        dumped["next_page_after_value"] = page.next_page_after_value
    return dumped
