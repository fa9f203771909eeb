"""What is remembered of pages, so that their archives are asked for where they are."""

from gateway.native.merge import NativeHit, merge_hits
from gateway.native.order import Key, read_order
from gateway.native.reading.request import read_pagination
from gateway.native.searches.lately_served import LatelyServed

ORDER = read_order(read_pagination({}))


def remember(served: LatelyServed, **sites: list[str]) -> None:
    by_site = {site: [NativeHit(site, Key(one, one)) for one in ids] for site, ids in sites.items()}
    served.remember(merge_hits(by_site, ORDER, skip=0, size=100))


def test_by_site() -> None:
    """Each id once, at the site that served it, in the order in which it was asked for."""
    served = LatelyServed()
    remember(served, a=["1", "3"], b=["2", "3"])
    assert served.by_site(["3", "2", "1", "3"]) == {"a": ["3", "1"], "b": ["2"]}
    remember(served, b=["1"])
    assert served.by_site(["1"]) == {"b": ["1"]}


def test_not_all_known() -> None:
    """One that is not known: nothing, as all sites have to be asked anyhow."""
    served = LatelyServed()
    remember(served, a=["1"])
    assert served.by_site(["1", "4"]) is None


def test_bounded() -> None:
    """The ones that were read last are kept."""
    served = LatelyServed(most=3)
    remember(served, a=["1", "2"])
    remember(served, a=["1", "3", "4"])
    assert served.by_site(["1", "3", "4"]) == {"a": ["1", "3", "4"]}
    assert served.by_site(["2"]) is None
    remember(served, a=["5", "6", "7", "8"])
    assert served.by_site(["6", "7", "8"]) is not None
    assert served.by_site(["5"]) is None
