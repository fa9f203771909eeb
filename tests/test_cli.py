"""The command line: what it prints, on which stream, and its exit codes."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from gateway import __version__
from gateway.cli import main
from gateway.cli.check import Check, checks_json, checks_table
from gateway.cli.serving import address_of, open_socket, serving
from gateway.cli.tables import write_table
from gateway.config import load_config
from gateway.demo import create_demo_oasis
from tests.free_port import free_port
from tests.whole.oases import make_line

WAIT_S = 60


def run(*arguments: str, **environment: str) -> Result:
    env = {"GATEWAY_CONFIG": None, **environment}
    return CliRunner().invoke(main, arguments, env=env, catch_exceptions=False)


@pytest.fixture(scope="module")
def oases() -> Iterator[dict[str, str]]:
    """Two demo Oases over HTTP, in a thread of their own: addresses by name."""
    bound = {name: open_socket("127.0.0.1", 0) for name in ("berlin", "munich")}
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    started = threading.Event()

    async def serve() -> None:
        apps = [
            (create_demo_oasis([make_line(f"{name}-{number}", nsites=number + 1)
                                for number in range(3)], path=""), one)
            for name, one in bound.items()
        ]  # fmt: skip
        async with serving(apps):
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(WAIT_S)
    yield {name: address_of(one, "/api/v1") for name, one in bound.items()}
    loop.call_soon_threadsafe(stop.set)
    thread.join(WAIT_S)
    loop.close()


@pytest.fixture
def config(oases: dict[str, str], tmp_path: Path) -> str:
    return written(tmp_path, oases)


def written(folder: Path, sites: dict[str, str]) -> str:
    provider = {"prefix": "fed", "name": "F", "description": "D"}
    listed = [{"name": name, "url": url} for name, url in sites.items()]
    path = folder / "gateway.yaml"
    path.write_text(json.dumps({"provider": provider, "sites": listed}), encoding="utf-8")
    return str(path)


def test_version() -> None:
    """--version tells the version."""
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"gateway, version {__version__}\n")


@pytest.mark.parametrize("command", ["", *main.commands])
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(command: str, option: str) -> None:
    """Every command and every option of it explains itself."""
    result = run(*command.split(), option)
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    for line in re.findall(r"^  (--?\w.*)$", result.stdout, re.MULTILINE):
        assert re.search(r"\s{2,}\S", line) or len(line) > 20, line


def test_commands() -> None:
    """The help lists all commands."""
    result = run("--help")
    for command in main.commands:
        assert re.search(rf"^  {command} +\S", result.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("explain",),
        ("serve", "--port", "70000"),
        ("serve", "--workers", "0"),
        ("serve", "--nonsense"),
        ("oasis", "rome"),
        ("init", "--yes"),
        ("init", "--yes", "--site", "https://a.example"),
        ("init", "--yes", "--site", "Berlin=https://a.example"),
        ("init", "--yes", "--prefix", "nmd", "https://a.example"),
        ("check",),
        ("serve",),
        ("check", "--config", "/nowhere/gateway.yaml"),
    ],
)
def test_misuse(arguments: tuple[str, ...]) -> None:
    """Wrong usage and a missing configuration are exit code 2, said on stderr."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr
    assert "Traceback" not in result.stderr


def test_bad_configuration(tmp_path: Path) -> None:
    """All that is wrong in a configuration comes at once, one line each."""
    path = tmp_path / "gateway.yaml"
    path.write_text("provider: {prefix: X}\nsites: [{name: a, url: b}]\n", encoding="utf-8")
    result = run("serve", "--config", str(path))
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 4
    assert all(line.startswith(f"gateway: {path}:") for line in lines)


def test_explain() -> None:
    """explain shows tree, normal form, queries (equal ones once), and why a site is skipped."""
    result = run("explain", 'NOT (nsites>3 OR nelements=2) AND id STARTS WITH "berlin~"')
    assert result.exit_code == 0
    text = result.stdout
    assert "tree\n  AND\n    NOT\n      OR\n        nsites > 3\n        nelements = 2\n" in text
    assert re.search(r"normal form\n  .*nsites <= 3", text)
    assert "berlin asked" in text
    assert "munich skipped: " in text
    assert '"lte": 3' in text
    both = run("explain", "nsites=3").stdout
    assert "berlin, munich, dresden asked" in both


def test_explain_for_a_version() -> None:
    """Quantities that only later versions of NOMAD have are asked of those alone."""
    filter_ = '_nmd_description = "a"'
    assert run("explain", filter_).stdout.count("skipped: ") == 3
    assert "berlin, munich, dresden asked" in run("explain", filter_, "--nomad", "2.0.0").stdout
    refused = run("explain", filter_, "--nomad", "new")
    assert refused.exit_code == 2
    assert "'new' is not a version of NOMAD" in refused.stderr


def test_explain_json(config: str) -> None:
    """--json says the same for programs; a configuration names other sites."""
    filter_ = 'elements HAS "Si" OR NOT _exmpl_x=1'
    result = run("explain", filter_, "--config", config, "--json")
    reported = json.loads(result.stdout)
    assert reported["filter"] == filter_
    assert reported["tree"] == {"or": ['elements HAS "Si"', {"not": "_exmpl_x = 1"}]}
    assert [one["site"] for one in reported["sites"]] == ["berlin", "munich"]
    assert reported["sites"][0]["query"]["and"][0] == {"quantities": "metadata.optimade"}
    assert "_exmpl_x" in reported["warnings"][0]
    assert reported["normal_form"]


def test_explain_names_spellings() -> None:
    """A value that no entry has is warned of, with the spelling that was perhaps meant."""
    text = run("explain", 'chemical_formula_reduced = "TiO2"').stdout
    assert re.search(r'^warning: No chemical_formula_reduced .* mean "O2Ti"\?$', text, re.MULTILINE)


def test_explain_count(config: str) -> None:
    """--count says how many entries match, and how many without each condition."""
    filter_ = "nsites < 3 AND nelements > 5"
    text = run("explain", filter_, "--config", config, "--count").stdout
    assert "entries at each site\n  0 at berlin\n  0 at munich\n" in text
    assert text.endswith("entries\n  0 match\n  0 without nsites < 3\n  4 without nelements > 5\n")
    reported = json.loads(run("explain", filter_, "--config", config, "--count", "--json").stdout)
    assert reported["count"] == 0
    assert reported["count_by_site"] == {"berlin": 0, "munich": 0}
    assert reported["count_warnings"] == []
    assert reported["without"] == [
        {"condition": "nsites < 3", "filter": "nelements > 5", "count": 0},
        {"condition": "nelements > 5", "filter": "nsites < 3", "count": 4},
    ]


def test_explain_count_on_the_demo() -> None:
    """Without a configuration the demo's entries are counted."""
    text = run("explain", 'chemical_formula_reduced = "O2Ti"', "--count").stdout
    assert "\n  4 match\n  1347 without" in text


def test_explain_count_without_a_site(tmp_path: Path, oases: dict[str, str]) -> None:
    """A site that does not answer makes counts unknown, and is warned of."""
    sites = {"munich": oases["munich"], "rome": f"http://127.0.0.1:{free_port()}/api/v1"}
    result = run("explain", "nsites < 3", "--count", "--config", written(tmp_path, sites))
    assert "2 match\n  unknown without nsites < 3" in result.stdout
    assert "rome is missing" in result.stderr


@pytest.mark.parametrize(
    ("filter_", "says"),
    [("nsites=", "column 8"), ("nsits=1", "nsites"), ('nsites="a"', "nsites"), ("", "")],
)
def test_explain_refuses(filter_: str, says: str) -> None:
    """A filter that cannot be answered is exit code 2 and one line on stderr."""
    result = run("explain", filter_)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert says in result.stderr


def test_check(config: str) -> None:
    """check tells version, entries and abilities of each site."""
    result = run("check", "--config", config)
    assert result.exit_code == 0
    head, *lines = result.stdout.splitlines()
    assert head.split()[:3] == ["site", "version", "entries"]
    assert [line.split()[:3] for line in lines] == [
        ["berlin", "2.0.0", "3"],
        ["munich", "2.0.0", "3"],
    ]
    assert "search, archives" in lines[0]


def test_check_names_an_oasis_under_two_addresses() -> None:
    """Each pair once, below the table."""
    checks = (
        Check("a", "http://a/api/v1", same_as=("b",)),
        Check("b", "http://b/api/v1", same_as=("a",)),
        Check("c", "http://c/api/v1"),
    )
    (line,) = [one for one in checks_table(checks).splitlines() if "same entries" in one]
    assert line.startswith("a holds the same entries as b: if they are one Oasis")


def test_check_says_what_to_do(oases: dict[str, str], tmp_path: Path) -> None:
    """Below a failure stands its cure: here the address at which the API is."""
    wrong = oases["berlin"].replace("/api/v1", "/elsewhere/api/v1")
    config = written(tmp_path, {"berlin": wrong, "munich": oases["munich"]})
    result = run("check", "--config", config)
    assert result.exit_code == 1
    assert "\nberlin: count entries: HTTP 404" in result.stdout
    assert f"  What to do: A NOMAD 2.0.0 answers at {oases['berlin']}: write" in result.stdout
    berlin, munich = json.loads(run("check", "--config", config, "--json").stdout)
    assert oases["berlin"] in berlin["advice"]
    assert (munich["advice"], munich["failure"]) == (None, None)
    assert abs(munich["clock_ahead_s"]) < 5


def test_check_warns_of_all_sites() -> None:
    """What concerns all sites stands once below the table, and in JSON with each."""
    checks = (
        Check("a", "http://a/api/v1", "2.0.0", clock_ahead_s=600, warnings=("its own",)),
        Check("b", "http://b/api/v1", "1.3.17", clock_ahead_s=601),
    )
    lines = checks_table(checks).splitlines()
    assert "a: its own" in lines
    assert sum("this machine's clock is 10 min behind" in one for one in lines) == 1
    assert sum("different versions of NOMAD (1.3.17, 2.0.0)" in one for one in lines) == 1
    assert [len(one["warnings"]) for one in json.loads(checks_json(checks))] == [3, 2]


def test_init(oases: dict[str, str], tmp_path: Path) -> None:
    """init writes a file for addresses as a browser has them, and checks it."""
    berlin, munich = (oases[name].removesuffix("/api/v1") for name in ("berlin", "munich"))
    path = tmp_path / "new.yaml"
    gui = f"munich={munich.removeprefix('http://')}/gui/search/entries"
    result = run("init", "--yes", f"{berlin}/gui", "--site", gui, "--output", str(path))
    assert result.exit_code == 0, result.output
    assert {site.url for site in load_config(path).sites} == {*oases.values()}
    assert "munich" in {site.name for site in load_config(path).sites}
    assert re.search(r"^munich +2\.0\.0 +3", result.stdout, re.MULTILINE)
    assert run("check", "--config", str(path)).exit_code == 0
    again = run("init", "--yes", berlin, "--output", str(path))
    assert (again.exit_code, "exists already" in again.stderr) == (2, True)


def test_init_finds_nothing(tmp_path: Path) -> None:
    """An address that cannot be used is exit code 1 and no file."""
    path = tmp_path / "new.yaml"
    result = run("init", "--yes", f"http://127.0.0.1:{free_port()}/", "--output", str(path))
    assert (result.exit_code, path.exists()) == (1, False)
    assert "What to do: Is the Oasis running" in result.stdout


def test_check_json(config: str) -> None:
    """--json has an object per site."""
    checks = json.loads(run("check", "--config", config, "--json").stdout)
    assert [(one["site"], one["entries"], one["failure"]) for one in checks] == [
        ("berlin", 3, None),
        ("munich", 3, None),
    ]
    assert checks[0]["can"] == ["search", "archives"]


def test_check_fails(oases: dict[str, str], tmp_path: Path) -> None:
    """A site that cannot be used is exit code 1, and the others are told of nevertheless."""
    dead = f"http://127.0.0.1:{free_port()}/api/v1"
    config = written(tmp_path, {"berlin": oases["berlin"], "dead": dead})
    result = run("check", "--config", config)
    assert result.exit_code == 1
    assert re.search(r"^berlin +2\.0\.0 +3", result.stdout, re.MULTILINE)
    assert re.search(r"^dead +- +-", result.stdout, re.MULTILINE)
    assert re.search(r"^dead: .+", result.stdout, re.MULTILINE)
    checks = json.loads(run("check", "--config", config, "--json").stdout)
    assert checks[1]["failure"]


def test_table() -> None:
    """Columns are as wide as their widest cell; null is a dash; long text is cut."""
    table = write_table(("a", "b"), [("x", None), (12, ["y"]), ("", "z" * 80)])
    head, first, second, third = table.splitlines()
    assert (head, first, second) == ("a   b", "x   -", '12  ["y"]')
    assert third.endswith("…")
    assert len(third) == 4 + 60


def started(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "gateway", *arguments],
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until_ready(address: str) -> None:
    transport = httpx.HTTPTransport(retries=8)
    with httpx.Client(transport=transport, timeout=WAIT_S) as client:
        until = time.monotonic() + WAIT_S
        while (status := client.get(f"{address}/ready").status_code) != 200:
            assert time.monotonic() < until, status  # its sites are not known yet
            time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_serve(config: str, workers: int) -> None:
    """serve answers until a signal comes; several processes add up their numbers."""
    port = free_port()
    process = started(
        "serve", "--config", config, "--port", str(port), "--workers", str(workers),
        GATEWAY_LOGGING__JSON="true",
    )  # fmt: skip
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
        response = httpx.get(f"http://127.0.0.1:{port}/v1/structures?filter=nsites=1")
        assert response.json()["meta"]["data_returned"] == 2
        long = " OR ".join(f"nsites={number}" for number in range(1, 1000))
        url = f"http://127.0.0.1:{port}/v1/structures"
        posted = httpx.post(url, data={"filter": long, "page_limit": "4"}, timeout=WAIT_S).json()
        followed = httpx.get(posted["links"]["next"], timeout=WAIT_S).json()
        assert [len(page["data"]) for page in (posted, followed)] == [4, 2]
        for _ in range(6):
            httpx.get(f"http://127.0.0.1:{port}/v1/links")
        count = 'gateway_request_seconds_count{endpoint="/links",status="200"} 6.0'
        until = time.monotonic() + WAIT_S  # workers write their numbers every two seconds
        while count not in httpx.get(f"http://127.0.0.1:{port}/metrics").text.splitlines():
            assert time.monotonic() < until
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=WAIT_S)
    reported = [json.loads(line) for line in errors.splitlines()]
    assert any(one["event"] == "answered" and one["status"] == 200 for one in reported)
    assert "Traceback" not in errors


@pytest.mark.slow
def test_serve_at_a_taken_port(config: str) -> None:
    """A port that cannot be had is one clear line and exit code 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("serve", "--config", config, "--port", str(port))
    assert result.exit_code == 1
    assert f"cannot listen at 127.0.0.1:{port}" in result.stderr.splitlines()[-1]


def raw_answer(address: str, target: str) -> str:
    """What is answered to an address that is sent as it is written."""
    url = httpx.URL(address)
    with socket.create_connection((url.host, url.port or 80), timeout=WAIT_S) as connection:
        head = f"GET {target} HTTP/1.1\r\nHost: {url.host}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


@pytest.mark.slow
def test_demo() -> None:
    """demo shows a first query and its answer; its own address is the last line; Ctrl-C ends it.
    Connections are those of serve, which understands an address that is not percent-encoded."""
    process = started("demo", "--port", "0")
    try:
        assert process.stdout is not None
        shown = [process.stdout.readline()]
        while shown[-1] and not shown[-1].startswith("http"):
            shown.append(process.stdout.readline())
        address = shown[-1].strip()
        text = "".join(shown)
        assert len(re.findall(r"^  \w+  http://\S+/nomad-oasis/api/v1$", text, re.MULTILINE)) == 3
        command = re.search(r"curl '(\S+)'", text)
        assert command is not None
        assert command[1].startswith(f"{address}/v1/structures?filter=")
        document = httpx.get(command[1], timeout=WAIT_S).json()
        assert len(document["data"]) == 5
        assert all(f"{one['id']} " in text for one in document["data"])
        assert f"5 of {document['meta']['data_returned']} that match" in text
        reported = raw_answer(address, '/v1/structures?filter=chemical_formula_reduced="TiO₂"')
        assert '"O2Ti' in reported.replace("\\", "")
    finally:
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0
    assert rest == ""
    assert errors == ""


@pytest.mark.slow
def test_oasis() -> None:
    """oasis serves one embedded Oasis alone; its last line is the address of its API."""
    process = started("oasis", "berlin", "--port", "0")
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        query = {"query": {}, "pagination": {"page_size": 1}}
        answer = httpx.post(f"{address}/entries/query", json=query, timeout=WAIT_S).json()
        assert len(answer["data"]) == 1
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0
    assert errors == ""
