"""Shared uploads -> which site serves which of their entries, and what the others leave out.

An entry_id is a hash of upload_id, main file and key, so copies of an entry lie in copies of one
upload. The owner of an upload serves all of it that it has; what the owner lacks, the next holder.
Pure.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson


@dataclass(frozen=True, slots=True)
class Holding:
    """One site's copy of an upload."""

    count: int
    """Entries of it."""
    processed: int
    """When the newest of them was processed, in milliseconds since 1970; 0: not known."""
    extras: frozenset[str] = frozenset()
    """Those of its entries that not all holders have."""


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
    return Generation(digest.hexdigest()[:12], held)


def exclusions(
    generation: Generation,
    *,
    sites: Sequence[str],
    away: Collection[str] = (),
    prefer: Sequence[str] = (),
) -> dict[str, Exclusion]:
    """What each of the sites leaves out; those that leave out nothing are not named.

    `sites` are those that are asked, in the order of the configuration. One that is away comes
    last: it serves only what no other one has, so that its answer, should it come after all, holds
    nothing twice.
    """
    rank = _ranks(sites, away=away, prefer=prefer)
    found: dict[str, _Excluded] = {}
    for upload in generation.uploads.values():
        holders = [site for site in upload.holdings if site in rank]
        if len(holders) < 2:
            continue
        holders.sort(key=lambda site: _order(upload.holdings[site], rank[site]))
        served = set(upload.holdings[holders[0]].extras)
        for site in holders[1:]:
            held = upload.holdings[site]
            own = held.extras - served
            served |= own
            if len(own) < held.count:  # else nothing of it is a copy
                found.setdefault(site, _Excluded()).add(upload.upload_id, held.count, own)
    return {site: found[site].done() for site in sites if site in found}


def in_rank(
    upload: SharedUpload,
    *,
    sites: Sequence[str],
    away: Collection[str] = (),
    prefer: Sequence[str] = (),
) -> list[str]:
    """Those of the sites that hold the upload, in the order in which they serve it."""
    rank = _ranks(sites, away=away, prefer=prefer)
    holders = [site for site in upload.holdings if site in rank]
    return sorted(holders, key=lambda site: _order(upload.holdings[site], rank[site]))


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
