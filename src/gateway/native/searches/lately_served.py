"""Which site lately served which entry: who has just listed entries reads their archives next, and
only these sites are asked for them."""

from collections.abc import Sequence

from gateway.native.merge import MergedPage

MOST = 20_000
"""Entries that are kept, the latest ones: about 3 MB."""


class LatelyServed:
    """The entries of the pages that were read last, by anybody who is anonymous.

    It says where to look first, never what there is: whoever does not find an entry there has to
    ask all sites.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._sites: dict[str, str] = {}

    def remember(self, page: MergedPage) -> None:
        """Keep where the entries of a page are from."""
        for hit in page.hits[-self._most :]:
            self._sites.pop(hit.key.entry_id, None)
            self._sites[hit.key.entry_id] = page.holders[hit.key.entry_id][0]
        for entry_id in [*self._sites][: len(self._sites) - self._most]:
            del self._sites[entry_id]

    def by_site(self, ids: Sequence[str]) -> dict[str, list[str]] | None:
        """Some entries by the site that served them; None: not all of them are known."""
        found: dict[str, list[str]] = {}
        for entry_id in dict.fromkeys(ids):
            site = self._sites.get(entry_id)
            if site is None:
                return None
            found.setdefault(site, []).append(entry_id)
        return found
