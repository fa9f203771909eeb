"""docs/reference/cli.md tells every command and option, and commands on any page are right."""

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from gateway.cli import main
from tests.docs.pages import PAGES, ROOT, SHELL, Block, code_of, only_code, read_page, shell_lines

assert isinstance(main, click.Group)
PAGE = read_page("reference/cli.md")
BLOCKS = [
    pytest.param(block, id=f"{path.relative_to(ROOT)}-{block.heading}-{number}")
    for path in PAGES
    for number, block in enumerate(read_page(path).in_language(*SHELL))
]
TARGETS = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def test_commands() -> None:
    """Each command has its heading."""
    documented = [
        only_code(heading) for heading in PAGE.headings if heading.startswith("`gateway ")
    ]
    assert sorted(documented) == sorted(f"gateway {name}" for name in main.commands)


@pytest.mark.parametrize("name", main.commands)
def test_options(name: str) -> None:
    """Each option has its row, with its default."""
    options = [one for one in main.commands[name].params if isinstance(one, click.Option)]
    rows = PAGE.under(f"`gateway {name}`") if options else []
    assert [only_code(row[0]) for row in rows] == [one.opts[0] for one in options]
    for row, option in zip(rows, options, strict=True):
        assert row[1]
        if option.envvar:
            assert row[2] == f"`${option.envvar}`"
        elif option.show_default:
            assert code_of(row[2])[0] == str(option.default)


@pytest.mark.parametrize("name", main.commands)
def test_arguments(name: str) -> None:
    """Each argument stands in the command's section, in capitals; choices are listed."""
    text = PAGE.prose.split(f"## `gateway {name}`")[1].split("\n## ")[0]
    for one in main.commands[name].params:
        if isinstance(one, click.Argument):
            assert f"`{(one.name or '').strip('_').upper()}`" in text
            choices = one.type.choices if isinstance(one.type, click.Choice) else ()
            assert all(f"`{choice}`" in text for choice in choices)


@pytest.mark.parametrize("block", BLOCKS)
def test_blocks(block: Block) -> None:
    """A command of ours that a page shows exists, and so do its options, targets and files."""
    for line in shell_lines(block):
        check_words(shlex.split(line, comments=True))


@pytest.mark.parametrize(
    "line",
    ["gateway serv", "gateway serve --prot 1", "make nonsense", "python -m gateway.nonsense",
     "gateway oasis rome", "docker build --file deploy/Nonsense ."],
)  # fmt: skip
def test_wrong(line: str) -> None:
    """What is wrong is found."""
    with pytest.raises((click.UsageError, AssertionError, ModuleNotFoundError)):
        check_words(shlex.split(line))


def check_words(words: list[str]) -> None:
    for word in words:
        if word.startswith(("deploy/", "config/", "tests/", "src/")):
            assert (ROOT / word).exists(), word
    words = words[: words.index("|")] if "|" in words else words
    match words:
        case [command, *arguments] if Path(command).name == "gateway":
            check_gateway(arguments)
        case [command, "-m", "gateway", *arguments] if "python" in command:
            check_gateway(arguments)
        case [command, "-m", module, *_] if "python" in command:
            assert find_spec(module), module
        case ["make", *targets]:
            assert {one for one in targets if "=" not in one} <= set(TARGETS), targets
        case _:
            return


def check_gateway(arguments: list[str]) -> None:
    match arguments:
        case ["COMMAND", *_] | ["--version"] | ["--help"] | ["-h"]:
            return
        case [name, *rest]:
            assert name in main.commands, name
            with main.commands[name].make_context(name, rest):
                return
