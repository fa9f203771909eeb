"""`gateway sites`: the sites behind a gateway, or another server as one."""

import json
import re

from gateway.cli.demo import demo_config
from gateway.demo import DEMO_SITES, create_demo_oasis
from gateway.serve.app import create_app
from tests.cli.conftest import Run, Switch
from tests.cli.plain_server import Plain, served


def test_demo(run: Run) -> None:
    """State, version, entries and round trip."""
    head, *lines = run("sites", "--demo").stdout.splitlines()
    assert head.split() == ["site", "state", "version", "entries", "milliseconds"]
    assert [line.split()[:4] for line in lines] == [
        ["berlin", "ok", "2.0.0", "441"],
        ["munich", "ok", "2.0.0", "550"],
        ["dresden", "ok", "2.0.0", "700"],
    ]
    assert all(re.fullmatch(r"\d+(\.\d)?", line.split()[4]) for line in lines)


def test_missing(run: Run, federation: dict[str, Switch]) -> None:
    """A site that does not answer is 3, and why is told; if none does, it is 1."""
    federation["munich"].left = 0
    result = run("sites", "--retries", "0")
    assert result.exit_code == 3
    assert re.search(r"^munich +failed +- +-", result.stdout, re.MULTILINE)
    assert re.search(r"^munich is missing: .*502", result.stdout, re.MULTILINE)
    federation["berlin"].left = 0
    result = run("sites", "--json", "--retries", "0")
    assert result.exit_code == 1
    assert [one["state"] for one in json.loads(result.stdout)] == ["failed", "failed"]


def test_of_a_gateway(run: Run) -> None:
    """A gateway that runs elsewhere tells of its sites."""
    oases = [create_demo_oasis(site.name, path="/nomad-oasis") for site in DEMO_SITES]
    with served(*oases) as addresses:
        names = [site.name for site in DEMO_SITES]
        config = demo_config(dict(zip(names, addresses, strict=True)))
        with served(create_app(config)) as (address,):
            reported = json.loads(run("sites", "--url", address, "--json").stdout)
            count = run(
                "query", 'elements HAS ALL "Ti","O" AND nelements=2', "--url", address, "--count"
            ).stdout
    assert [(one["site"], one["state"]) for one in reported] == [(name, "ok") for name in names]
    assert count == "5\n"


def test_of_another_server(run: Run, plain: tuple[Plain, str]) -> None:
    """It is one site, named by its provider."""
    (reported,) = json.loads(run("sites", "--url", plain[1], "--json").stdout)
    assert (reported["site"], reported["version"], reported["entries"]) == (
        "Example",
        "OPTIMADE 1.1.0",
        40,
    )
