"""The words all steps share: sites, what one site is asked, what it answers, a page, a notice.

Everything here is frozen and holds no behaviour beyond reading itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"
JsonObject: TypeAlias = dict[str, Json]
NativeQuery: TypeAlias = dict[str, Json]
"""NOMAD's own query, as it stands under `query` in a request to `entries/query`."""

Scalar: TypeAlias = str | int | float
SortValue: TypeAlias = Scalar | None
"""The value of a sort key; None is unknown and comes last in both directions. Timestamps are
integers: milliseconds since 1970 in UTC, as NOMAD's index holds them."""

SortKind: TypeAlias = Literal["string", "integer", "float", "timestamp"]

STRUCTURES = "structures"
REFERENCES = "references"

SEPARATOR = "~"
"""Between the site and the entry_id in the id of an entry; neither of them has one."""

PROPERTY_METADATA = "property_metadata"
"""In `response_fields`: metadata of the properties is wanted (section "Metadata properties")."""


@dataclass(frozen=True, slots=True)
class Site:
    """One NOMAD installation and how it may be asked. Durations are seconds, sizes bytes."""

    name: str
    url: str
    """Base of its API, ending in `/api/v1`, without a trailing slash."""
    title: str
    description: str = ""
    homepage: str | None = None
    connect_s: float = 2.0
    answer_s: float = 20.0
    """How long an answer may take, whoever waits for it: one that comes too late for its caller
    serves the next one from the cache."""
    concurrency: int = 10
    rate_per_s: float | None = None
    """None: as fast as `concurrency` allows."""
    attempts: int = 3
    """How often one request is sent at most, the first time included."""
    max_answer_bytes: int = 64 * 1024 * 1024
    token: str | None = field(default=None, repr=False)
    """Bearer token of the gateway's own account at this site; None: asked anonymously."""
    forward_token: bool = False
    """Whether the caller's own bearer token goes to this site."""
    ca_file: str | None = None
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class SiteInfo:
    """What a site says of itself; `version` is None while it has not answered."""

    version: str | None = None
    total: int | None = None
    """Number of public structures, None while not known."""


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an order: the OPTIMADE property and how NOMAD orders by it."""

    name: str
    quantity: str
    """NOMAD's `order_by`; `entry_id` for `id` and `immutable_id`."""
    kind: SortKind
    descending: bool = False
    known: NativeQuery | None = field(default=None, compare=False)
    """Holds for entries where the value is set; None: it always is."""


@dataclass(frozen=True, slots=True)
class Order:
    """A total order of entries: by `keys`, unknown last; ties by entry_id in the direction of the
    last key, then by site name upwards."""

    keys: tuple[SortKey, ...] = ()

    @property
    def descending(self) -> bool:
        """The direction in which entry_id breaks ties."""
        return bool(self.keys) and self.keys[-1].descending


@dataclass(frozen=True, slots=True)
class Position:
    """A position in an order, between an entry and its successor: the entry's own key."""

    values: tuple[SortValue, ...]
    entry_id: str
    site: str


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry's key, its place in the order, and its index document."""

    site: str
    entry_id: str
    values: tuple[SortValue, ...]
    document: Mapping[str, Json] = field(compare=False, repr=False, default_factory=dict)
    """The index document as far as it was asked for; read by `shape` alone."""

    @property
    def position(self) -> Position:
        """The position just after this entry."""
        return Position(self.values, self.entry_id, self.site)


@dataclass(frozen=True, slots=True)
class Ask:
    """What one site is asked for: up to `limit` hits of `query` after a position, in `order`.

    `backward` walks the order from its end (or from `after`) to its beginning; hits then come in
    that reversed sequence. `fields` are names or patterns of the index document wanted per hit.
    """

    query: NativeQuery
    order: Order
    limit: int
    after: Position | None = None
    backward: bool = False
    fields: tuple[str, ...] = ()


SiteState: TypeAlias = Literal["ok", "cached", "stale", "pruned", "excluded", "partial", "failed"]


@dataclass(frozen=True, slots=True)
class SiteHits:
    """One site's answer to an `Ask`: hits in order, whether more follow them, the exact total."""

    site: str
    hits: tuple[Hit, ...]
    more: bool
    total: int
    state: SiteState = "ok"
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SiteFailure:
    """Why one site did not answer: a full sentence part, e.g. `read page of entries: timed out`."""

    site: str
    reason: str
    retry_after_s: float | None = None
    milliseconds: float = 0.0
    circuit_open: bool = False
    """Whether it was not asked, as it kept failing before."""


@dataclass(frozen=True, slots=True)
class SiteReport:
    """What one site did for one request, as reported in `meta._<prefix>_sites`."""

    name: str
    state: SiteState
    reason: str | None = None
    total: int | None = None
    """Entries of this site that match; None: not known."""
    returned: int = 0
    milliseconds: float | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning for `meta.warnings`."""

    title: str
    detail: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as the sites hold it, ready to be shaped.

    `document` is the index document, `archive` NOMAD's `metadata` section of the archive, None when
    it was not asked for or cannot be read.
    """

    site: str
    entry_id: str
    document: Mapping[str, Json]
    archive: Mapping[str, Json] | None = None
    missing: Literal["broken", "late"] | None = None
    """Why an archive that was wanted is not there: the site cannot read it, or not in time."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One JSON:API resource object, attributes still as Python values."""

    type: str
    id: str
    attributes: JsonObject
    relationships: JsonObject | None = None
    links: JsonObject | None = None
    meta: JsonObject | None = None
    missing: Literal["broken", "late"] | None = None
    """Why its attributes are those of the index alone, as of `Entry`; None: they are not."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One listing request, checked for form; names and values are not validated yet."""

    entry_type: str
    filter: str | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    """Property name and whether it descends."""
    page_limit: int = 20
    cursor: str | None = None
    """A `page_cursor`; it wins over `offset`."""
    offset: int = 0
    response_fields: tuple[str, ...] | None = None
    """None: the default attributes; (): none beyond what is required."""
    include: tuple[str, ...] = ()
    sites: tuple[str, ...] | None = None
    """Only these sites are asked; None: all."""
    partial: Literal["allow", "forbid"] = "allow"
    copies: Literal["merge", "all"] = "merge"
    """Whether an entry that several sites hold is served once, or each of its copies."""
    timeout_s: float | None = None
    """How long the caller waits; None: as configured."""
    entered: float | None = None
    """When the request came in, in the event loop's time; None: now. Its deadline counts from
    here, so that waiting for admission is not added to it."""
    patient: bool = False
    """True: no deadline, as long as each site answers within its own limit (streams)."""
    facets: tuple[str, ...] = ()
    """Properties whose values are counted over the whole result."""
    fresh: bool = False
    """True: no cached answer will do (`Cache-Control: no-cache`)."""
    token: str | None = field(default=None, repr=False)
    """The caller's own bearer token; it reaches only sites configured with `forward_token`."""
    request_id: str = ""
    client: str = ""
    """Who asks, e.g. an address: what sites answer at a time is shared among clients fairly."""


@dataclass(frozen=True, slots=True)
class EntryRequest:
    """One single-entry request."""

    entry_type: str
    id: str
    response_fields: tuple[str, ...] | None = None
    include: tuple[str, ...] = ()
    sites: tuple[str, ...] | None = None
    timeout_s: float | None = None
    entered: float | None = None
    fresh: bool = False
    token: str | None = field(default=None, repr=False)
    request_id: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class PageLink:
    """Where a neighbouring page starts: an opaque cursor and, for clients that count, its offset.

    `cursor` None is the first page.
    """

    cursor: str | None
    offset: int


@dataclass(frozen=True, slots=True)
class FacetSource:
    """How NOMAD counts the values of one property."""

    quantity: str
    is_number: bool = False
    """Whether by a histogram of width 1; else by terms."""
    words: Mapping[str, str] | None = None
    """OPTIMADE's word for each of NOMAD's, where they differ; other words are unknown."""


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a property, and how many entries of the result have it."""

    value: str | int | float | bool
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of one property over the whole result of all sites, most frequent first."""

    property: str
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True)
class Omission:
    """How many entries there would be with one condition of a filter left out."""

    condition: str
    filter: str
    """What remains; empty: nothing."""
    count: int | None
    """None: some site could not say."""


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """What one request is answered with; a single entry is a page of at most one resource."""

    resources: tuple[Resource, ...]
    included: tuple[Resource, ...] = ()
    data_returned: int = 0
    data_available: int = 0
    more: bool = False
    next: PageLink | None = None
    prev: PageLink | None = None
    last: PageLink | None = None
    facets: tuple[Facet, ...] = ()
    """Exact, or not here and named in a notice."""
    reports: tuple[SiteReport, ...] = ()
    notices: tuple[Notice, ...] = ()
    timings: tuple[tuple[str, float], ...] = ()
    """Step and milliseconds, for Server-Timing."""
