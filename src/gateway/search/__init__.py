"""From one request to one answer: what joins the steps. Begin with `federation.py`."""

from gateway.search.copies import CopiesState
from gateway.search.federation import Federation, FederationLoad, SiteStatus
from gateway.search.time_slices import TimeSlices

__all__ = ["CopiesState", "Federation", "FederationLoad", "SiteStatus", "TimeSlices"]
