"""How many connections a worker has, beside what else it opens; how large a request can be."""

import resource
import subprocess
import sys

import pytest

from gateway.config import ConnectionKeys, FilterKeys
from gateway.merge import MAX_CURSOR
from gateway.serve.connections import limits_of
from gateway.serve.connections.limits import PROBES_AT_A_TIME, open_files
from gateway.serve.request.forms import largest_form
from tests.serve.conftest import make_config

LOGS_AND_LOOP = 32


def config_of(sites: int, *, concurrency: int = 10, **sections: object):  # type: ignore[no-untyped-def]
    listed = [
        {"name": f"s{number}", "url": f"http://127.0.0.1:{number + 1}/api/v1"}
        for number in range(sites)
    ]
    return make_config(sites=listed, site_defaults={"concurrency": concurrency}, **sections)


@pytest.mark.parametrize(
    ("files", "sites", "connections"),
    [
        (65_536, 4, 1000),
        (1_048_576, 50, 1000),
        (256, 1, 256 - 10 - LOGS_AND_LOOP - PROBES_AT_A_TIME),
        (256, 4, 256 - 40 - LOGS_AND_LOOP - PROBES_AT_A_TIME),
        (256, 20, 128),  # sites have their slots seldom all at once: half of them are for clients
        (1024, 50, 512),
    ],
)
def test_connections_fit_beside_what_else_is_open(files: int, sites: int, connections: int) -> None:
    """Connections to sites, probes, logs and the event loop have their files, too."""
    assert limits_of(config_of(sites), files=files).connections == connections


def test_fewer_when_configured() -> None:
    """As many as the process could have are not more than were asked for."""
    keys = ConnectionKeys(max_connections=7)
    assert limits_of(config_of(1, connections=keys), files=65_536).connections == 7


def test_all_keys_arrive() -> None:
    """Each bound of the configuration is that of the connections."""
    keys = ConnectionKeys(max_held_bytes=2**21, head_s=1, body_s=2, write_s=3)
    limits = limits_of(config_of(1, connections=keys))
    assert (limits.held_bytes, limits.head_s, limits.body_s, limits.write_s) == (2**21, 1, 2, 3)


def test_the_first_line_has_room_for_the_longest_filter_and_cursor() -> None:
    """Each character of a filter can take twelve bytes, and the cursor stands beside it."""
    limits = limits_of(config_of(1, filters=FilterKeys(length=1000)))
    assert limits.first_line_bytes == largest_form(1000)
    assert largest_form(1000) - largest_form(0) == 12 * 1000
    assert largest_form(0) > MAX_CURSOR


RAISED = """
import resource, sys
from gateway.serve.connections import raise_descriptor_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (256, min(int(sys.argv[1]), 4096)))
raise_descriptor_limit()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_a_process_takes_what_it_may_have() -> None:
    """The soft limit of a shell is no reason to have few connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    said = subprocess.run(
        [sys.executable, "-c", RAISED, str(most)], capture_output=True, check=True, text=True
    )
    assert said.stdout.split() == [str(most)] * 2
    assert open_files() > 0
