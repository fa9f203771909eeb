"""From one request to one answer: what joins the steps. Begin with `federation.py`."""

from gateway.fetch.http.memory_budget import LARGE_PAGE, MemoryScope
from gateway.search.answer.report import LATE
from gateway.search.copies import CopiesState
from gateway.search.federation import Federation
from gateway.search.status import FederationLoad, SiteStatus
from gateway.search.time_slices import TimeSlices

__all__ = [
    "LARGE_PAGE",
    "LATE",
    "CopiesState",
    "Federation",
    "FederationLoad",
    "MemoryScope",
    "SiteStatus",
    "TimeSlices",
]
