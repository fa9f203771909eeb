"""docs/how-to/shell.md: its commands run as printed, in a fresh folder, and print what it says."""

import shutil
from pathlib import Path

import pytest

from tests.docs.live import expected_lines, missing_packages, run_python, run_shell
from tests.docs.pages import SHELL, read_page, shell_lines

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell"),
]

PAGE = read_page("how-to/shell.md")


def test_page(tmp_path: Path) -> None:
    """From top to bottom, as a reader would; a block of text is what the command before printed."""
    answer: list[str] = []
    compared = 0
    for block in PAGE.blocks:
        if block.language in SHELL:
            answer = [
                line for one in shell_lines(block) for line in run_shell(one, folder=tmp_path)
            ]
        elif block.language == "text" and "gateway " not in block.text:
            assert answer == block.text.splitlines()
            compared += 1
        elif block.language == "python" and not missing_packages(block):
            assert run_python(block.text, folder=tmp_path) == expected_lines(block)
    assert compared == 4
    assert not list(tmp_path.glob("*.resume"))


def test_examples_that_stand_alone() -> None:
    """What needs a site that fails, or an own shell, is text: its commands are checked by name."""
    texts = [block.text for block in PAGE.in_language("text") if "gateway " in block.text]
    assert len(texts) == 3
