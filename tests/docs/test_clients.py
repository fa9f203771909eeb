"""The examples for clients run as they are printed, against a running demo."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.conftest import ADDRESS
from tests.docs.live import (
    expected_lines,
    missing_packages,
    run_python,
    run_shell,
    running_demo,
)
from tests.docs.pages import SHELL, Block, read_page, shell_lines

pytestmark = pytest.mark.slow

PAGE = read_page("how-to/clients.md")
PYTHON = [pytest.param(one, id=one.heading) for one in PAGE.in_language("python")]
COMMANDS = [
    line
    for block in PAGE.in_language(*SHELL)
    for line in shell_lines(block)
    if line.startswith("optimade-get")
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_demo() as found:
        yield found


@pytest.mark.parametrize("block", PYTHON)
def test_python(block: Block, address: str, tmp_path: Path) -> None:
    """It runs by itself, prints something, and what it says that it prints."""
    if missing := missing_packages(block):
        pytest.skip(f"not installed: {', '.join(missing)}")
    answer = run_python(block.text.replace(ADDRESS, address), folder=tmp_path)
    assert any(line.strip() not in ("", "0", "{}", "[]", "set()") for line in answer)
    assert set(expected_lines(block)) <= set(answer)


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell")
@pytest.mark.parametrize("command", COMMANDS)
def test_optimade_get(command: str, address: str, tmp_path: Path) -> None:
    """It finds entries; with --output-file they are in the file."""
    assert ADDRESS in command
    answer = run_shell(command.replace(ADDRESS, address), folder=tmp_path)
    files = list(tmp_path.iterdir())
    text = files[0].read_text("utf-8") if files else "\n".join(answer)
    ((_, by_address),) = next(iter(json.loads(text).values())).items()
    found = by_address[address]
    assert found if isinstance(found, int) else (found["data"] and not found["errors"])


def test_a_notebook_has_a_running_loop(address: str, tmp_path: Path) -> None:
    """Its example runs where an event loop is running, and so do the others for the package."""
    blocks = [one for one in PAGE.in_language("python") if "OptimadeClient" in one.text]
    notebook = next(one for one in blocks if one.heading == "A notebook")
    for block in (notebook, blocks[0]):
        text = block.text.replace(ADDRESS, address).replace("\n", "\n    ")
        program = f"import asyncio\nasync def cells():\n    {text}\nasyncio.run(cells())"
        assert run_python(program, folder=tmp_path)
