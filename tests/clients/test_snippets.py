"""The texts to copy from the search page do the same search, as they are printed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from gateway.page.search.address import PageAddress
from gateway.page.search.snippets import snippets_of

ASKED = 'elements HAS ALL "Ti","O" AND nelements = 2'


def text_of(name: str, base_url: str, asked: str = ASKED) -> str:
    address = PageAddress(
        filter=asked, sort="nsites", page_limit="3", paging=(("page_offset", "3"),)
    )
    found = snippets_of(address, base_url=base_url)
    return next(one.text for one in found if one.name == name)


@pytest.fixture
def count(gateway_url: str) -> int:
    """How many structures there are, by the API."""
    answer = httpx.get(f"{gateway_url}/v1/structures", params={"filter": ASKED})
    found = answer.json()["meta"]["data_returned"]
    assert found > 3
    return int(found)


def test_curl(gateway_url: str, count: int) -> None:
    """The whole search from its first page, in its order."""
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    text = text_of("curl", gateway_url).replace("curl ", "curl -s ")
    answer = json.loads(subprocess.run(["sh", "-c", text], capture_output=True, check=True).stdout)
    assert answer["meta"]["data_returned"] == count
    assert len(answer["data"]) == 3


def test_optimade_get(gateway_url: str, count: int) -> None:
    """The command of the `optimade` package, without its installation."""
    command = Path(sys.executable).with_name("optimade-get")
    if not command.exists():
        pytest.skip("there is no optimade-get")
    _, text = text_of("optimade-get", gateway_url).split("\n")
    ran = subprocess.run(
        ["sh", "-c", text.replace("optimade-get", f"{command} --silent", 1)],
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    found = json.loads(ran.stdout)["structures"][ASKED][gateway_url]["data"]
    assert len(found) == count


def test_pymatgen(gateway_url: str, count: int) -> None:
    """Structures of pymatgen."""
    names: dict[str, object] = {}
    exec(text_of("pymatgen", gateway_url), names)
    structures = names["structures"]
    assert isinstance(structures, list)
    assert len(structures) == count
    assert all({"Ti", "O"} == {str(one) for one in each.composition} for each in structures)


def test_ase(gateway_url: str, count: int) -> None:
    """Atoms of ASE."""
    names: dict[str, object] = {}
    exec(text_of("ase", gateway_url), names)
    atoms = names["atoms"]
    assert isinstance(atoms, list)
    assert [set(one.get_chemical_symbols()) for one in atoms] == [{"Ti", "O"}] * count


def test_quotes_stay_whole() -> None:
    """A filter with any quotes is one argument of the shell, and one text of Python."""
    odd = """a = "it's $(x) \\\\ `y`" """
    assert "'\"'\"'" in text_of("curl", "http://x", odd)
    for name in ("pymatgen", "ase"):
        compile(text_of(name, "http://x", odd), name, "exec")
