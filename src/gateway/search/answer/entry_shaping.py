"""One entry of a page -> the resource that is served, whatever its site sent.

An unexpected error of ours costs this entry its values, and no other entry anything.
"""

import logging
from dataclasses import dataclass, replace

from gateway.model import Entry, Notice, Resource, Site
from gateway.shape import Cited, StructureShaper, resource_id

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ShapedEntry:
    """What is served of an entry; `entry` is what could be used of it."""

    entry: Entry
    resource: Resource
    notices: tuple[Notice, ...]
    cited: tuple[Cited, ...]


def shape_entry(shaper: StructureShaper, entry: Entry, site: Site) -> ShapedEntry:
    """The entry with all it has; else as if its archive were broken; else its id alone.

    `except Exception` stands at the edges, as in `fetch.http.gather.of_site`: towards a site, here
    towards one entry of it. The log has the traceback, once, and the site's report says `partial`.
    """
    try:
        return _shaped(shaper, entry, site)
    except Exception:
        logger.exception("unexpected error in an entry of site %s", site.name)
    try:
        return _shaped(shaper, replace(entry, archive=None, missing="broken"), site)
    except Exception:  # noqa: BLE001 - it is in the log already
        nothing = Entry(entry.site, entry.entry_id, {}, missing="broken")
        shaped = _shaped(shaper, nothing, site)
    return replace(shaped, notices=(*shaped.notices, _unusable(entry)))


def _shaped(shaper: StructureShaper, entry: Entry, site: Site) -> ShapedEntry:
    return ShapedEntry(entry, *shaper.shape(entry, site))


def _unusable(entry: Entry) -> Notice:
    return Notice(
        title="Entry not available",
        detail=f"What the site holds of {resource_id(entry)} could not be processed; it is served "
        "without values.",
        code="site_partial",
    )
