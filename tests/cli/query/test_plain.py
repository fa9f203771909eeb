"""`gateway query` against a plain OPTIMADE server."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from zipfile import ZipFile

import pytest

from gateway.cli.query.formats import CsvWriter
from gateway.cli.query.outputs import FileOutput
from gateway.cli.query.question import Question, identity
from gateway.cli.query.resuming import Position
from gateway.cli.query.walking import Page
from tests.cli.conftest import Run
from tests.cli.plain_server import MOST, Plain, entry, lines

WAIT_S = 60
IDS = [f"x/{number}" for number in range(40)]
QUICK = ("--retries", "0")
Served = tuple[Plain, str]


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/", "/v1/structures", "/structures/"])
def test_any_server(end: str, run: Run, plain: Served) -> None:
    """Another prefix, only `links.next`, a smaller page than was asked for: all entries come, at
    the base URL with and without a version or endpoint. Its warning is said once."""
    result = run("query", "nsites=1", "--url", plain[1] + end, "--all", "--format", "jsonl")
    assert result.exit_code == 0
    assert [one["id"] for one in lines(result.stdout)] == IDS
    assert lines(result.stdout)[3]["attributes"]["_exmpl_number"] == 3  # type: ignore[index]
    assert result.stderr == "gateway: warning: This is a test.\n"
    assert f"page_limit={MOST}" in plain[0].asked[1]


def test_table(run: Run, plain: Served) -> None:
    """The columns are those that every server has."""
    head, *rows, count = run("query", "nsites=1", "--url", plain[1]).stdout.splitlines()
    assert head.split() == ["id", "chemical_formula_reduced", "nelements", "nsites"]
    assert (len(rows), count) == (20, "20 of 40 entries that match")


def test_formats(run: Run, plain: Served, tmp_path: Path) -> None:
    """Files are made here from what every server has."""
    asked = ("query", "nsites=1", "--url", plain[1], "--all", "--output")
    assert run(*asked, "a.csv").exit_code == 0
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert [row["id"] for row in rows] == IDS
    assert not [name for name in rows[0] if name.startswith("_")]
    reported = run(*asked, "a.zip", "--format", "cif")
    assert "4 entries cannot be written in this format" in reported.stderr
    with ZipFile(tmp_path / "a.zip") as archive:
        assert sum(name.endswith(".cif") for name in archive.namelist()) == 36
        assert "3.05" in archive.read("x_5.cif").decode()
    assert run(*asked, "a.json").exit_code == 0
    assert len(json.loads((tmp_path / "a.json").read_text())["data"]) == 40


@pytest.mark.parametrize("format_", ["xyz", "poscar"])
def test_structures(format_: str, run: Run, plain: Served) -> None:
    """One structure's file has its edge."""
    asked = ("query", "nsites=1", "--url", plain[1], "--limit", "1", "--format", format_)
    assert "3.0" in run(*asked).stdout


def test_links_as_objects(run: Run, plain: Served) -> None:
    """`links.next` may be an object."""
    plain[0].link_as_object = True
    reported = run("query", "", "--url", plain[1], "--all", "--format", "jsonl").stdout
    assert len(lines(reported)) == 40


def test_circle(run: Run, plain: Served) -> None:
    """Links that lead in a circle end the walk; what was written is whole, the exit code 3."""
    plain[0].circle = True
    result = run("query", "", "--url", plain[1], "--all", "--format", "jsonl")
    assert result.exit_code == 3
    assert "in a circle" in result.stderr


def test_count(run: Run, plain: Served) -> None:
    """The number alone; a server that does not say it is exit code 1."""
    result = run("query", "", "--url", plain[1], "--count")
    assert result.stdout == "40\n"
    plain[0].says_count = False
    result = run("query", "", "--url", plain[1], "--count")
    assert (result.exit_code, result.stdout) == (1, "")
    table = run("query", "", "--url", plain[1]).stdout
    assert table.endswith("20 of an unknown number entries that match\n")


def test_sites_are_the_gateways(run: Run, plain: Served) -> None:
    """--sites is refused where there are none."""
    result = run("query", "", "--url", plain[1], "--sites", "a")
    assert result.exit_code == 2
    assert "--sites needs a gateway" in result.stderr


def test_busy(run: Run, plain: Served) -> None:
    """429 is asked again after Retry-After."""
    plain[0].busy = 2
    assert run("query", "", "--url", plain[1]).exit_code == 0
    plain[0].busy = 2
    result = run("query", "", "--url", plain[1], "--retries", "1")
    assert result.exit_code == 1
    assert "answered 429 Too Many Requests: Too much to do." in result.stderr


@pytest.mark.parametrize("end", ["html", "nothing"])
def test_no_server(end: str, run: Run, plain: Served) -> None:
    """An address that is none of an OPTIMADE server is exit code 2, and what is one is said."""
    result = run("query", "", "--url", plain[1].replace("exmpl", end))
    assert result.exit_code == 2
    assert "It is the part before /v1/structures" in result.stderr


def test_nobody_there(run: Run) -> None:
    """A server that does not answer is exit code 1 and one line."""
    result = run("query", "", "--url", "http://127.0.0.1:9", *QUICK)
    assert result.exit_code == 1
    assert result.stderr.startswith("gateway: http://127.0.0.1:9/v1/info does not answer: ")


def test_no_folder(run: Run, plain: Served) -> None:
    """A file that cannot be written is named with the reason, in one line."""
    result = run("query", "", "--url", plain[1], "--all", "--output", "none/a.csv")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "gateway: none/a.csv: No such file or directory"


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "json", "xyz"])
@pytest.mark.parametrize("torn", [b"", b'{"type": "struc'])
def test_resume(suffix: str, torn: bytes, run: Run, plain: Served, tmp_path: Path) -> None:
    """A server that dies and comes back: the file is byte for byte that of a run in one go, even if
    the end of the last line is torn."""
    server, url = plain
    asked = ("query", "nsites=1", "--url", url, "--all", *QUICK, "--output")
    assert run(*asked, f"whole.{suffix}").exit_code == 0
    server.fails_at = 21
    first = run(*asked, f"a.{suffix}")
    assert first.exit_code == 3
    assert "not complete: 21 of 40 entries were written; --resume goes on" in first.stderr
    part = tmp_path / ("a.json.part" if suffix == "json" else f"a.{suffix}")
    with part.open("ab") as file:
        file.write(torn)
    server.fails_at = None
    assert run(*asked, f"a.{suffix}", "--resume").exit_code == 0
    whole = (tmp_path / f"whole.{suffix}").read_bytes()
    found = (tmp_path / f"a.{suffix}").read_bytes()
    if suffix == "json":
        assert json.loads(found)["data"] == json.loads(whole)["data"]
    else:
        assert found == whole
    assert not list(tmp_path.glob("a.*.*"))


@pytest.mark.parametrize(("suffix", "form"), [("json", "json"), ("zip", "cif")])
@pytest.mark.parametrize("limit", [("--all",), ("--limit", "10")])
def test_resume_at_the_end(
    suffix: str, form: str, limit: tuple[str, ...], run: Run, plain: Served, tmp_path: Path
) -> None:
    """A run that ends while it makes the file has read all: nothing is asked for again."""
    server, url = plain
    asked = ("query", "", "--url", url, *limit, "--format", form, "--output", f"a.{suffix}")
    (tmp_path / f"a.{suffix}.new").mkdir()  # so that the file cannot be written
    assert run(*asked).exit_code == 1
    (tmp_path / f"a.{suffix}.new").rmdir()
    requests = len(server.asked)
    assert run(*asked, "--resume").exit_code == 0
    assert len(server.asked) == requests
    expected = IDS if limit == ("--all",) else IDS[:10]
    if suffix == "json":
        document = json.loads((tmp_path / "a.json").read_text())
        assert [one["id"] for one in document["data"]] == expected
    else:
        with ZipFile(tmp_path / "a.zip") as archive:
            rows = list(csv.DictReader(archive.read("manifest.csv").decode().splitlines()))
        assert [row["id"] for row in rows] == expected


def test_resume_of_a_grown_file_at_its_end(run: Run, plain: Served, tmp_path: Path) -> None:
    """A run that ends just after the last page has written all: nothing comes twice."""
    server, url = plain
    asked = identity(Question("", fields="nsites", form="csv"), url)
    output = FileOutput(tmp_path / "a.csv", CsvWriter(("nsites",)), Position(asked, ended_by="end"))
    output.page(Page((entry(0), entry(1)), None, {}))  # type: ignore[arg-type]
    output.close()
    arguments = ("query", "", "--url", url, "--all", "--fields", "nsites", "--output", "a.csv")
    assert run(*arguments, "--resume").exit_code == 0
    assert (tmp_path / "a.csv").read_text() == "id,nsites\nx/0,1\nx/1,1\n"
    assert not (tmp_path / "a.csv.resume").exists()
    assert server.asked == []


def test_nothing_matches(run: Run, plain: Served, tmp_path: Path) -> None:
    """No entries are a whole result, in every format."""
    plain[0].count = 0
    for name in ("a.json", "a.csv", "a.jsonl", "a.xyz"):
        assert run("query", "", "--url", plain[1], "--all", "--output", name).exit_code == 0
        assert (tmp_path / name).exists()
    assert json.loads((tmp_path / "a.json").read_text())["data"] == []
    assert run("query", "", "--url", plain[1]).stdout.splitlines()[-1] == (
        "0 of 0 entries that match"
    )
    assert not list(tmp_path.glob("*.resume"))


def test_resume_at_the_limit(run: Run, plain: Served, tmp_path: Path) -> None:
    """--limit counts what an earlier run wrote."""
    server, url = plain
    asked = ("query", "", "--url", url, "--limit", "30", "--output", "a.jsonl", *QUICK)
    server.fails_at = 14
    assert run(*asked).exit_code == 3
    server.fails_at = None
    assert run(*asked, "--resume").exit_code == 0
    assert [one["id"] for one in lines((tmp_path / "a.jsonl").read_text())] == IDS[:30]


def test_resume_is_checked(run: Run, plain: Served, tmp_path: Path) -> None:
    """Another question, another file, or nothing to go on with is exit code 2; an unfinished file
    is not begun anew by mistake."""
    server, url = plain
    server.fails_at = 14

    def ask(*more: str, name: str = "a.jsonl") -> str:
        result = run("query", "", "--url", url, "--all", "--output", name, *QUICK, *more)
        assert (result.exit_code, result.stdout) == (2, "")
        return result.stderr

    run("query", "", "--url", url, "--all", "--output", "a.jsonl", *QUICK)
    before = (tmp_path / "a.jsonl").read_bytes()
    assert "begun with another --sort: '', now 'nsites'" in ask("--sort", "nsites", "--resume")
    assert "begun with another --fields" in ask("--fields", "id", "--resume")
    assert "begun with another --format" in ask("--format", "csv", "--resume")
    assert "a.jsonl is not finished: --resume goes on with it" in ask()
    assert (tmp_path / "a.jsonl").read_bytes() == before
    (tmp_path / "a.jsonl").write_bytes(before.replace(b"x/13", b"x/14"))
    assert "a.jsonl is not as gateway query left it" in ask("--resume")
    (tmp_path / "a.jsonl").write_bytes(before[:-1])
    assert "a.jsonl is not as gateway query left it" in ask("--resume")
    (tmp_path / "a.jsonl.resume").write_text("{}")
    assert "was not written by this version" in ask("--resume")
    (tmp_path / "b.jsonl").write_text("mine")
    assert "there is nothing to resume: b.jsonl is whole" in ask("--resume", name="b.jsonl")
    server.fails_at = None
    fresh = run("query", "", "--url", url, "--all", "--output", "c.jsonl", "--resume")
    assert fresh.exit_code == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are other ones there")
def test_interrupted(run: Run, plain: Served, tmp_path: Path) -> None:
    """Ctrl-C is quiet and 130; what is in the file is whole lines, and --resume goes on."""
    server, url = plain
    server.delay_s = 0.3
    asked = ("query", "", "--url", url, "--all", "--output", "a.jsonl")
    # Tests that a script runs in the background ignore Ctrl-C, and so would what they start.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", *asked],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    signal.signal(signal.SIGINT, inherited)
    until = time.monotonic() + WAIT_S
    while not (tmp_path / "a.jsonl.resume").exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, reported = process.communicate(timeout=WAIT_S)
    count = len(lines((tmp_path / "a.jsonl").read_text()))
    assert (process.returncode, out) == (130, "")
    assert reported.splitlines()[1:] == [
        f"gateway: interrupted; {count} entries are kept, and --resume goes on"
    ]
    server.delay_s = 0
    assert run(*asked, "--resume").exit_code == 0
    assert [one["id"] for one in lines((tmp_path / "a.jsonl").read_text())] == IDS


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGPIPE")
def test_broken_pipe(plain: Served) -> None:
    """A reader that leaves is nothing to be said of; the exit code is that of SIGPIPE."""
    plain[0].count = 20_000
    command = f"{sys.executable} -m gateway query '' --url {plain[1]} --all --format jsonl"
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -1; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.splitlines()[1:] == ["141"]
    assert done.stderr == "gateway: warning: This is a test.\n"
