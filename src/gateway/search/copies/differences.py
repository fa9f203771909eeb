"""The copies of one upload as they were read -> what distinguishes them, as far as there is room.

Pure.
"""

from collections.abc import Mapping
from dataclasses import replace

from gateway.search.copies.index import Contents
from gateway.search.copies.owners import NOTHING, Holding, SharedUpload


def fitting(
    upload_id: str,
    read: Mapping[str, Contents],
    before: Mapping[str, Holding],
    sites: tuple[str, ...],
    *,
    most: int,
) -> SharedUpload | None:
    """The upload with the ids that not all holders have, if these are at most so many; otherwise
    without the copies that make most of them. None: there is none for any two of them.

    A copy of nothing but invented entries makes all entries of all other copies such ids.
    """
    shared = shared_upload(upload_id, read, before, sites)
    while extras_of(shared) > most:
        if len(sites) <= 2 or not read.keys() >= {*sites}:
            return None
        subsets = [tuple(one for one in sites if one != site) for site in sites]
        some = [shared_upload(upload_id, _of(read, subset), before, subset) for subset in subsets]
        shared = min(some, key=extras_of)
        sites = tuple(shared.holdings)
    return shared


def _of(read: Mapping[str, Contents], sites: tuple[str, ...]) -> dict[str, Contents]:
    return {site: read[site] for site in sites}


def shared_upload(
    upload_id: str,
    read: Mapping[str, Contents],
    before: Mapping[str, Holding],
    sites: tuple[str, ...],
) -> SharedUpload:
    """The upload, of what has just been read and, where nothing changed, of what was before."""
    digests = {site: read[site].digest if site in read else before[site].digest for site in sites}
    kept = {digest: digest for digest in digests.values()}  # equal ones are held once
    common: frozenset[str] | None = None
    if len(kept) > 1 and read.keys() == {*sites}:
        common = frozenset.intersection(*(one.ids for one in read.values()))
    holdings: dict[str, Holding] = {}
    for site in sites:
        digest = kept[digests[site]]
        if site not in read:
            extras = before[site].extras if len(kept) > 1 else NOTHING
            holdings[site] = replace(before[site], extras=extras, digest=digest)
            continue
        one = read[site]
        extras = NOTHING
        if common is not None:
            extras = one.ids - common or NOTHING
        elif len(kept) > 1:  # processed anew with the same entries
            extras = before[site].extras
        holdings[site] = Holding(len(one.ids), one.processed, extras, digest)
    once: dict[Holding, Holding] = {}  # most copies are equal
    return SharedUpload(
        upload_id, {site: once.setdefault(held, held) for site, held in holdings.items()}
    )


def extras_of(upload: SharedUpload) -> int:
    """How many ids that is."""
    return sum(len(one.extras) for one in upload.holdings.values())
