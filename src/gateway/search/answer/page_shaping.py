"""The entries of a page -> the resources that are served, and the references included with them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.model import REFERENCES, Entry, Json, Notice, Resource, Site
from gateway.plan import SEPARATOR
from gateway.properties import Catalogue
from gateway.search.answer.entry_shaping import shape_entry
from gateway.search.copies import Copies
from gateway.search.planned_request import PlannedRequest
from gateway.search.time_slices import TimeSlices
from gateway.shape import (
    Cited,
    StructureShaper,
    read_provenance,
    shape_reference,
    wants_references,
)


@dataclass(frozen=True, slots=True)
class ShapedPage:
    """A page as it is served."""

    resources: tuple[Resource, ...]
    flaws: tuple[Notice, ...]
    included: tuple[Resource, ...]
    entries: tuple[Entry, ...]
    """What could be used of them."""


class PageShaper:
    """Shapes pages of structures; long ones are cut into slices of the event loop's time."""

    def __init__(
        self,
        sites: Mapping[str, Site],
        *,
        prefix: str,
        references: Catalogue,
        copies: Copies,
        slices: TimeSlices,
    ) -> None:
        self._sites = sites
        self._prefix = prefix
        self._references = references
        self._copies = copies
        self._slices = slices

    async def shape(self, planned: PlannedRequest, entries: Iterable[Entry]) -> ShapedPage:
        """The page of these entries, with the properties that were asked for; never raises for
        what a site sent."""
        fields = planned.request.response_fields
        shaper = StructureShaper(fields, catalogue=planned.catalogue, prefix=self._prefix)
        shaped = await self._slices.map(
            lambda entry: shape_entry(shaper, entry, self._sites[entry.site]), entries
        )
        copies = f"_{self._prefix}_copies"
        for one in shaped if fields is not None and copies in fields else ():
            one.resource.attributes[copies] = self._copies_of(one.entry)
        cited: dict[str, Cited] = {}
        for part in shaped:
            for reference in part.cited:
                cited.setdefault(reference.reference.id, reference)
        return ShapedPage(
            tuple(one.resource for one in shaped),
            tuple(dict.fromkeys(notice for one in shaped for notice in one.notices)),
            self._included(planned, cited.values()),
            tuple(one.entry for one in shaped),
        )

    def _copies_of(self, entry: Entry) -> Json:
        """The ids of all copies of an entry, its own among them."""
        upload_id = read_provenance("upload_id", entry=entry, site=self._sites[entry.site])
        known = upload_id if isinstance(upload_id, str) else ""
        holders = self._copies.holders(known, entry.entry_id, site=entry.site)
        return [f"{site}{SEPARATOR}{entry.entry_id}" for site in holders]

    def _included(self, planned: PlannedRequest, cited: Iterable[Cited]) -> tuple[Resource, ...]:
        """The references of the page's entries, each once, where both are wanted."""
        request = planned.request
        if REFERENCES not in request.include or not wants_references(request.response_fields):
            return ()
        return tuple(
            shape_reference(one, fields=None, catalogue=self._references, prefix=self._prefix)
            for one in cited
        )
