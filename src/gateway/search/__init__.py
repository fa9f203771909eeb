"""From one request to one answer: what joins the steps. Begin with `federation.py`."""

from gateway.search.federation import Federation, SiteStatus

__all__ = ["Federation", "SiteStatus"]
