"""Shared uploads -> which site serves which of their entries, and what the others leave out.

An entry_id is a hash of upload_id, main file and key, so copies of an entry lie in copies of one
upload. The owner of an upload serves all of it that it has; what the owner lacks, the next holder.
Pure.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

NOTHING = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Holding:
    """One site's copy of an upload."""

    count: int
    """Entries of it."""
    processed: int
    """When the newest of them was processed, in milliseconds since 1970; 0: not known."""
    extras: frozenset[str] = NOTHING
    """Those of its entries that not all holders have."""
    digest: bytes = b""
    """Of the ids of its entries: equal copies have equal ones."""


@dataclass(frozen=True, slots=True)
class SharedUpload:
    """An upload that several sites hold, each a copy of it, whole or not."""

    upload_id: str
    holdings: Mapping[str, Holding]

    def holders_of(self, entry_id: str) -> tuple[str, ...]:
        """The sites that have this entry of it."""
        some = tuple(site for site, one in self.holdings.items() if entry_id in one.extras)
        return some or tuple(self.holdings)


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """All shared uploads as they were at one time; equal content has an equal id."""

    id: str
    uploads: Mapping[str, SharedUpload]
    """By upload_id."""
    sharing: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By site: the other ones that hold copies of some upload of it."""


@dataclass(frozen=True, slots=True)
class Begun:
    """How things were when a walk began: what comes to a site later it does not serve there."""

    generation: Generation
    first_holders: Mapping[str, Collection[str]]
    """Of uploads that have been copied since: the sites that had them before."""

    def holdings(self, upload: SharedUpload) -> Mapping[str, Holding]:
        """The copies of an upload that there were then, as they were."""
        then = self.generation.uploads.get(upload.upload_id)
        if then is not None:
            return then.holdings
        first = self.first_holders.get(upload.upload_id, ())
        return {site: upload.holdings[site] for site in first if site in upload.holdings}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What one site is not asked for: all entries of the uploads, but for those that it alone has.

    `count` is how many entries that are.
    """

    uploads: tuple[str, ...]
    but: tuple[str, ...] = ()
    count: int = 0


def generation_of(uploads: Iterable[SharedUpload], before: Generation | None = None) -> Generation:
    """The generation of these uploads; replicas that found the same give it the same id.

    What has not changed since the one before is held once.
    """
    known = {} if before is None else before.uploads
    held: dict[str, SharedUpload] = {}
    for one in sorted(uploads, key=lambda one: one.upload_id):
        same = known.get(one.upload_id)
        held[one.upload_id] = same if same == one and same is not None else one
    digest = hashlib.sha256()
    for upload in held.values():
        holdings = [
            [site, one.count, one.processed, sorted(one.extras)]
            for site, one in sorted(upload.holdings.items())
        ]
        digest.update(orjson.dumps([upload.upload_id, holdings]))
    return Generation(digest.hexdigest()[:12], held, _sharing(held.values()))


def _sharing(uploads: Iterable[SharedUpload]) -> dict[str, frozenset[str]]:
    groups = {frozenset(one.holdings) for one in uploads}
    return {
        site: frozenset().union(*(group for group in groups if site in group)) - {site}
        for site in frozenset[str]().union(*groups)
    }


def exclusions(
    generation: Generation,
    *,
    sites: Sequence[str],
    away: Collection[str] = (),
    prefer: Sequence[str] = (),
    begun: Begun | None = None,
) -> dict[str, Exclusion]:
    """What each of the sites leaves out; those that leave out nothing are not named.

    `sites` are those that are asked, in the order of the configuration. One that is away comes
    last: it serves only what no other one has, so that its answer, should it come after all, holds
    nothing twice. In a walk that has `begun` earlier, who serves what stays, as far as the sites
    still have it.
    """
    rank = _ranks(sites, away=away, prefer=prefer)
    found: dict[str, _Excluded] = {}
    for upload in generation.uploads.values():
        holders = _in_rank(upload, rank, begun)
        if len(holders) < 2:
            continue
        served = set(upload.holdings[holders[0]].extras)
        for site in holders[1:]:
            held = upload.holdings[site]
            own = held.extras - served
            served |= own
            if len(own) < held.count:  # else nothing of it is a copy
                found.setdefault(site, _Excluded()).add(upload.upload_id, held.count, own)
    return {site: found[site].done() for site in sites if site in found}


def preferred(sites: Iterable[str], prefer: Sequence[str]) -> tuple[str, ...]:
    """The sites in the order in which they serve what is not known to be shared: the preferred
    ones first, the others as they are given."""
    rank = {site: at for at, site in enumerate(prefer)}
    return tuple(sorted(sites, key=lambda site: rank.get(site, len(rank))))


def in_rank(
    upload: SharedUpload,
    *,
    sites: Sequence[str],
    away: Collection[str] = (),
    prefer: Sequence[str] = (),
    begun: Begun | None = None,
) -> list[str]:
    """Those of the sites that hold the upload, in the order in which they serve it."""
    return _in_rank(upload, _ranks(sites, away=away, prefer=prefer), begun)


def _in_rank(
    upload: SharedUpload, rank: Mapping[str, tuple[bool, int, int]], begun: Begun | None
) -> list[str]:
    then = upload.holdings if begun is None else begun.holdings(upload)
    return sorted(
        (site for site in upload.holdings if site in rank),
        key=lambda site: (
            site not in then,  # then it serves only what no other one has
            _order(then.get(site, upload.holdings[site]), rank[site]),
        ),
    )


def _ranks(
    sites: Sequence[str], *, away: Collection[str], prefer: Sequence[str]
) -> dict[str, tuple[bool, int, int]]:
    """Whether a site is away, its place among the preferred ones, its place at all."""
    preferred = {site: at for at, site in enumerate(prefer)}
    return {
        site: (site in away, preferred.get(site, len(preferred)), at)
        for at, site in enumerate(sites)
    }


def _order(held: Holding, rank: tuple[bool, int, int]) -> tuple[bool, int, int, int, int]:
    """The smaller, the sooner a site serves: preferred, then the fullest, then the newest."""
    is_away, preferred, place = rank
    return is_away, preferred, -held.count, -held.processed, place


class _Excluded:
    """What one site leaves out, as it is gathered."""

    def __init__(self) -> None:
        self._uploads: list[str] = []
        self._but: list[str] = []
        self._count = 0

    def add(self, upload_id: str, count: int, own: frozenset[str]) -> None:
        self._uploads.append(upload_id)
        self._but += sorted(own)
        self._count += count - len(own)

    def done(self) -> Exclusion:
        return Exclusion(tuple(self._uploads), tuple(self._but), self._count)
