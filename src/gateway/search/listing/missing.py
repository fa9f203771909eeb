"""When sites that do not answer leave a page empty: not an empty success, but 503."""

from collections.abc import Mapping

from gateway.errors import SitesMissingError
from gateway.model import SiteFailure

RETRY_AFTER_S = 5.0
"""When to try again, where a missing site does not say."""


MOST_S = 60.0
"""The longest wait that is passed on: a site must not send our callers away for an hour."""


def check_missing(failures: Mapping[str, SiteFailure], *, is_empty: bool, forbidden: bool) -> None:
    """Raise SitesMissingError when only missing sites can fill the page, or none may be missing."""
    if not failures or not (is_empty or forbidden):
        return
    reasons = "; ".join(f"{one.site}: {one.reason}" for one in failures.values())
    what = "A site does not answer" if forbidden else "Only sites that do not answer are left"
    waits = [min(one.retry_after_s or RETRY_AFTER_S, MOST_S) for one in failures.values()]
    raise SitesMissingError(
        f"{what} ({reasons}).",
        sites=tuple(failures),
        retry_after_s=max(waits),
        others_are_done=is_empty,
    )
