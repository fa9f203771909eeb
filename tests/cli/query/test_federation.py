"""`gateway query` over the sites of a configuration, and of the demo."""

import csv
import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.cli.conftest import Run, Switch
from tests.cli.plain_server import lines

ALL = sorted(f"{name}~{name}-{number:02}" for name in ("berlin", "munich") for number in range(30))
FILTER = "nsites<=30"
QUICK = ("--retries", "0")


def test_table(run: Run, federation: dict[str, Switch]) -> None:
    """A table of the first 20 is what comes by itself; ./gateway.yaml is found, and said."""
    result = run("query", "nsites<=2", "--sort", "-nsites", "--limit", "3")
    assert result.exit_code == 0
    head, *rows, count = result.stdout.splitlines()
    assert head.split() == ["id", "chemical_formula_reduced", "nelements", "nsites", "_fed_site"]
    assert [row.split()[3] for row in rows] == ["2", "2", "1"]
    assert count == "3 of 4 entries that match"
    assert result.stderr == "gateway: using ./gateway.yaml\n"
    assert len(run("query", FILTER).stdout.splitlines()) == 1 + 20 + 1


def test_by_environment(run: Run, federation: dict[str, Switch], tmp_path: Path) -> None:
    """GATEWAY_CONFIG stands in for --config, and nothing is said of it."""
    moved = (tmp_path / "gateway.yaml").rename(tmp_path / "other.yaml")
    result = run("query", "nsites=1", GATEWAY_CONFIG=str(moved))
    assert (result.exit_code, result.stderr) == (0, "")


def test_all(run: Run, federation: dict[str, Switch]) -> None:
    """--all follows the pages to the end; --limit may be any number; each entry comes once."""
    reported = lines(
        run("query", FILTER, "--all", "--format", "jsonl", "--fields", "nsites").stdout
    )
    assert sorted(str(one["id"]) for one in reported) == ALL
    assert reported[0]["attributes"].keys() == {"nsites"}  # type: ignore[attr-defined]
    some = run("query", FILTER, "--limit", "600", "--format", "jsonl", "--fields", "id").stdout
    assert [one["id"] for one in lines(some)] == [one["id"] for one in reported]
    first = run("query", FILTER, "--limit", "33", "--format", "jsonl", "--fields", "id").stdout
    assert [one["id"] for one in lines(first)] == [one["id"] for one in reported[:33]]


def test_document(run: Run, federation: dict[str, Switch], tmp_path: Path) -> None:
    """json is an OPTIMADE document, on standard output and in a file; site counts are sums."""
    arguments = ("query", FILTER, "--all", "--format", "json", "--fields", "nsites")
    printed = json.loads(run(*arguments).stdout)
    assert run(*arguments, "--output", "a.json").stdout == ""
    saved = json.loads((tmp_path / "a.json").read_text())
    for document in (printed, saved):
        assert [one["type"] for one in document["data"]] == ["structures"] * 60
        assert document["links"] == {"next": None}
        meta = document["meta"]
        assert (meta["data_returned"], meta["more_data_available"]) == (60, False)
        assert meta["query"]["representation"].startswith("/structures?filter=nsites%3C%3D30")
        assert [one["returned"] for one in meta["_fed_sites"]] == [30, 30]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("a.")] == ["a.json"]
    cut = json.loads(run("query", FILTER, "--json", "--limit", "4").stdout)
    assert cut["meta"]["more_data_available"] is True


def test_files(run: Run, tmp_path: Path) -> None:
    """Tables, lists of structures and archives of files read back."""
    filter_ = 'elements HAS ALL "Ti","O" AND nelements=2'
    for arguments in (
        ("--output", "a.csv"),
        ("--output", "a.xyz"),
        ("--output", "a.zip", "--format", "poscar"),
        ("--output", "b.zip", "--format", "cif"),
    ):
        result = run("query", filter_, "--demo", "--all", *arguments)
        assert (result.exit_code, result.stdout) == (0, "")
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert sorted(row["chemical_formula_reduced"] for row in rows) == ["O2Ti"] * 4 + ["OTi3"]
    assert json.loads(rows[0]["elements"]) == ["O", "Ti"]
    text = (tmp_path / "a.xyz").read_text()
    assert text.splitlines()[0].isdigit()
    for name, suffix in (("a.zip", "poscar"), ("b.zip", "cif")):
        with ZipFile(tmp_path / name) as archive:
            names = archive.namelist()
            manifest = list(csv.DictReader(archive.read("manifest.csv").decode().splitlines()))
            assert names[0] == "query.txt"
            assert names[-1] == "manifest.csv"
            assert [one["id"] for one in manifest] == [row["id"] for row in rows]
            assert sum(name.endswith(suffix) for name in names) == 5


def test_read_by_ase(run: Run, tmp_path: Path) -> None:
    """ASE reads all structures of a file in extended XYZ."""
    io = pytest.importorskip("ase.io")
    filter_ = 'elements HAS ALL "Ti","O" AND nelements=2'
    run("query", filter_, "--demo", "--all", "--output", "a.xyz")
    frames = io.read(tmp_path / "a.xyz", ":")
    assert sorted(len(one) for one in frames) == [6, 12, 24, 24, 24]


def test_without_files(run: Run) -> None:
    """What a format cannot hold is counted, with examples why."""
    result = run("query", "nelements=2", "--demo", "--all", "--format", "xyz")
    assert result.exit_code == 0
    assert "28 entries cannot be written in this format, such as" in result.stderr
    assert len(result.stderr.splitlines()) == 4


def test_one_file(run: Run) -> None:
    """One entry's file may go to standard output; several need an archive."""
    filter_ = 'chemical_formula_reduced="O2Ti"'
    one = run("query", filter_, "--demo", "--format", "cif", "--limit", "1")
    assert one.stdout.startswith("data_")
    many = run("query", filter_, "--demo", "--format", "cif")
    assert many.exit_code == 2
    assert "--output FILE.zip" in many.stderr


def test_count(run: Run, federation: dict[str, Switch]) -> None:
    """--count prints the number alone; without a site it says so and is 3."""
    assert run("query", FILTER, "--count").stdout == "60\n"
    federation["munich"].left = 0
    result = run("query", FILTER, "--count", *QUICK)
    assert (result.exit_code, result.stdout) == (3, "30\n")
    assert result.stderr.splitlines()[1].startswith("gateway: munich is missing: ")


def test_sites(run: Run, federation: dict[str, Switch]) -> None:
    """--sites asks these alone."""
    assert run("query", FILTER, "--count", "--sites", "munich").stdout == "30\n"


def test_default_limit_is_said(run: Run, federation: dict[str, Switch]) -> None:
    """Who gets 20 of many without having asked for 20 is told so; who asked is not."""
    reported = run("query", FILTER, "--format", "csv").stderr
    assert "20 of 60 entries; --all gives all of them" in reported
    assert "--all" not in run("query", FILTER, "--format", "csv", "--limit", "20").stderr


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "json", "zip"])
def test_site_that_comes_back(
    suffix: str, run: Run, federation: dict[str, Switch], tmp_path: Path
) -> None:
    """A site that dies on the way is named once; exit code 3; --resume brings the rest, without
    a gap or a repeat."""
    form = ("--format", "cif") if suffix == "zip" else ()
    arguments = ("query", FILTER, "--all", "--output", f"a.{suffix}", *form, *QUICK)
    federation["munich"].left = 12
    first = run(*arguments)
    assert first.exit_code == 3
    (last,) = [line for line in first.stderr.splitlines() if "not complete: " in line]
    assert "; --resume goes on with " in last
    some = ids(tmp_path / f"a.{suffix}")
    assert 30 <= len(some) < 60
    again = run(*arguments, "--resume")
    assert again.exit_code == 3
    federation["munich"].left = None
    assert run(*arguments, "--resume").exit_code == 0
    found = ids(tmp_path / f"a.{suffix}")
    assert found[: len(some)] == some
    assert sorted(found) == ALL
    assert not list(tmp_path.glob("a.*.*"))


def test_site_that_is_away(run: Run, federation: dict[str, Switch]) -> None:
    """It is named once, in plain words, however many pages do without it."""
    federation["munich"].left = 0
    result = run("query", FILTER, "--all", "--format", "csv", "--output", "a.csv", *QUICK)
    assert result.exit_code == 3
    _, missing, last = result.stderr.splitlines()
    assert missing.startswith("gateway: munich is missing: ")
    assert last == (
        "gateway: not complete: 30 entries were written; --resume goes on with those of munich"
    )


def ids(path: Path) -> list[str]:
    match path.suffix:
        case ".jsonl":
            return [str(one["id"]) for one in lines(path.read_text())]
        case ".json":
            return [one["id"] for one in json.loads(path.read_text())["data"]]
        case ".csv":
            return [row["id"] for row in csv.DictReader(path.read_text().splitlines())]
        case _:
            with ZipFile(path) as archive:
                rows = archive.read("manifest.csv").decode().splitlines()
            return [row["id"] for row in csv.DictReader(rows)]


def test_limit_without_a_site(run: Run, federation: dict[str, Switch]) -> None:
    """The first entries without those of a site are not the first entries: 3."""
    federation["munich"].left = 0
    result = run("query", FILTER, "--limit", "5", *QUICK)
    assert result.exit_code == 3
    assert result.stdout.endswith("5 of 30 entries that match\n")
    assert result.stderr.count("munich") == 1


def test_all_sites_away(run: Run, federation: dict[str, Switch], tmp_path: Path) -> None:
    """Nothing came: 1, one line, no file."""
    for one in federation.values():
        one.left = 0
    result = run("query", FILTER, "--output", "a.jsonl", *QUICK)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 2
    assert not list(tmp_path.glob("a.*"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nsites=",), "cannot be read at column 8"),
        (("nsits=1",), "Did you mean nsites"),
        (("nsites=1", "--sort", "elements"), "--sort=elements is not possible"),
        (("nsites=1", "--sort", "nsites,"), "--sort has an empty item"),
        (("nsites=1", "--fields", ",nsites"), "--fields has an empty item"),
        (("nsites=1", "--fields", "nsits"), "--fields"),
        (("nsites=1", "--sites", "rome"), "--sites: There is no site 'rome'"),
    ],
)
def test_refuses(
    arguments: tuple[str, ...], says: str, run: Run, federation: dict[str, Switch]
) -> None:
    """What is wrong with a query is exit code 2 and one line, which names the option."""
    result = run("query", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    (_, line) = result.stderr.splitlines()
    assert says in line
    assert "response_fields" not in line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nsites=1",), "Where to ask? Use --url URL, --config FILE"),
        (("nsites=1", "--demo", "--url", "http://a"), "exclude each other"),
        (("nsites=1", "--url", "a.example"), "must begin with http:// or https://"),
        (("nsites=1", "--url", "http://a/v1/structures?filter=x"), "'http://a/v1/structures': the"),
        (("nsites=1", "--demo", "--limit", "0"), "--limit"),
        (("nsites=1", "--demo", "--limit", "2", "--all"), "--all and --limit exclude each other"),
        (("nsites=1", "--demo", "--resume"), "--resume needs --output"),
        (("nsites=1", "--demo", "--resume", "--output", "a.txt"), "a table cannot be resumed"),
        (("nsites=1", "--demo", "--format", "cif", "--fields", "nsites"), "leave --fields out"),
        (("nsites=1", "--demo", "--json", "--format", "csv"), "--json is --format json"),
        (("nsites=1", "--config", "/nowhere/gateway.yaml"), "/nowhere/gateway.yaml"),
    ],
)
def test_misuse(arguments: tuple[str, ...], says: str, run: Run) -> None:
    """What cannot be meant is exit code 2, said on standard error."""
    result = run("query", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in " ".join(result.stderr.split())
