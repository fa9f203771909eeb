"""Every structure of the demo through the converters of clients: made, or not as documented."""

from collections import Counter
from collections.abc import Sequence

import pytest

from gateway.demo import DEMO_SITES
from tests.clients.conversions import (
    PLAIN,
    differences_in,
    documented_counts,
    kinds_of,
    read_all,
    read_table,
)
from tests.clients.converters import CLIENTS, Resource
from tests.clients.soundness import faults_in

# The package reads its own models in a way that pydantic is going to drop.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecatedSince211")


@pytest.fixture(scope="module")
def resources(gateway_url: str) -> Sequence[Resource]:
    """The structures of the demo's own sites."""
    sites = " OR ".join(f'_fed_site="{site.name}"' for site in DEMO_SITES)
    return list(read_all(gateway_url, sites))


def test_structures_are_sound(resources: Sequence[Resource]) -> None:
    """Order of species, counts, masses, shares, features and vectors are as OPTIMADE has them."""
    faults = [(one["id"], fault) for one in resources for fault in faults_in(one)]
    assert faults == []


def test_conversions_are_as_documented(resources: Sequence[Resource]) -> None:
    """Each client makes what the table says of each kind of structure."""
    table = read_table()
    assert [one for row in resources for one in differences_in(row, table)] == []


def test_nothing_fails_without_a_reason(resources: Sequence[Resource]) -> None:
    """A structure that lacks nothing can be converted by every client."""
    assert read_table()[PLAIN] == dict.fromkeys(CLIENTS, ("yes",))
    plain = [one for one in resources if kinds_of(one) == [PLAIN]]
    assert len(plain) > len(resources) / 2


def test_counts_are_as_documented(resources: Sequence[Resource]) -> None:
    """So many structures of each kind are in the demo."""
    counts = Counter(kind for one in resources for kind in kinds_of(one))
    assert documented_counts() == {kind: counts[kind] for kind in read_table()}
