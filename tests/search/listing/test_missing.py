"""An empty page of sites that do not answer is an error that says when to come again."""

import pytest

from gateway.errors import SitesMissingError
from gateway.model import SiteFailure
from gateway.search.listing.missing import RETRY_AFTER_S, check_missing


@pytest.mark.parametrize(
    ("waits", "reported"),
    [
        ((None,), RETRY_AFTER_S),
        ((7.0,), 7.0),
        ((60.0,), 60.0),
        ((3600.0,), 60.0),
        ((1e12, 2.0), 60.0),
        ((2.0, 30.0), 30.0),
    ],
)
def test_a_site_sends_nobody_away_for_long(
    waits: tuple[float | None, ...], reported: float
) -> None:
    """The longest wait of the missing sites, but 60 s at most."""
    failures = {f"s{n}": SiteFailure(f"s{n}", "HTTP 503", wait) for n, wait in enumerate(waits)}
    with pytest.raises(SitesMissingError) as caught:
        check_missing(failures, is_empty=True, forbidden=False)
    assert caught.value.retry_after_s == reported
