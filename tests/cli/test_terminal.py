"""What a terminal sees: colours, the bar; completion; the configuration in this folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.cli.commands.researching import FORMATS, SHELLS
from gateway.write import FORMATS as FILES
from tests.cli.conftest import Run, Switch

WAIT_S = 100
needs_terminal = pytest.mark.skipif(not hasattr(os, "openpty"), reason="there is no terminal")


def on_terminal(*arguments: str, folder: Path, **environment: str) -> str:
    """What a command writes on a terminal that is both of its streams."""
    import pty

    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm", **environment}
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gateway", *arguments]
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, cwd=folder, env=env)
    os.close(theirs)
    answer = b""
    try:
        while piece := os.read(ours, 65_536):
            answer += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    assert process.wait(WAIT_S) == 0
    return answer.decode()


@pytest.mark.slow
@needs_terminal
def test_colours(tmp_path: Path) -> None:
    """Headings and JSON have colours on a terminal, unless NO_COLOR is set."""
    assert "\x1b[1;36mtree\x1b[0m" in on_terminal("explain", "nsites=1", folder=tmp_path)
    plain = on_terminal("explain", "nsites=1", folder=tmp_path, NO_COLOR="1")
    assert "36m" not in plain


@pytest.mark.slow
@needs_terminal
def test_bar(tmp_path: Path) -> None:
    """A bar with total and rate while a file is written, none while a table is."""
    asked = ("query", "nelements=2", "--demo", "--all", "--fields", "nsites")
    answer = on_terminal(*asked, "--output", "a.jsonl", folder=tmp_path)
    assert "615/615" in answer
    assert "entries/s" in answer
    assert "entries/s" not in on_terminal(*asked, folder=tmp_path)


def test_colours_in_a_pipe(run: Run) -> None:
    """None."""
    assert "\x1b" not in run("explain", "nsites=1").stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_completion(shell: str, run: Run) -> None:
    """Each shell gets lines that ask this program."""
    assert "_GATEWAY_COMPLETE" in run("completion", shell).stdout


@pytest.mark.parametrize(
    ("words", "completed"), [("gateway que", "query"), ("gateway query --resu", "--resume")]
)
def test_completed(words: str, completed: str) -> None:
    """Commands and options are completed."""
    asked = {"_GATEWAY_COMPLETE": "bash_complete", "COMP_WORDS": words}
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **asked}
    env["COMP_CWORD"] = str(len(words.split()) - 1)
    code = "import sys; sys.argv[0] = 'gateway'; from gateway.__main__ import run; run()"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout == f"plain,{completed}\n"


def test_formats() -> None:
    """The formats that are repeated here, so as not to import them, are those that are written."""
    assert set(FORMATS) == {"table", "json", "jsonl", *FILES}
    assert "query" in main.commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", [("check",), ("explain", "nsites=1"), ("sites",)])
def test_configuration_here(
    command: tuple[str, ...], run: Run, federation: dict[str, Switch]
) -> None:
    """./gateway.yaml is used by every command, and said on standard error."""
    result = run(*command)
    assert "berlin" in result.stdout
    assert "dresden" not in result.stdout
    assert result.stderr == "gateway: using ./gateway.yaml\n"
