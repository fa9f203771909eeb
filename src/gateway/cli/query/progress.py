"""How far a query has come: a bar on a terminal, nothing in a pipe; and lines for people."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from gateway.cli.tables import printable


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Entries a second."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} entries/s" if speed else "", style="cyan")


@dataclass(slots=True)
class Reporter:
    """Says things on standard error; `bar` None: there is none to be moved."""

    bar: Progress | None = None
    task: TaskID | None = None

    def say(self, text: str) -> None:
        """One line, above the bar."""
        text = printable(text)
        if self.bar is None:
            click.echo(f"gateway: {text}", err=True)
        else:
            self.bar.console.print(
                f"gateway: {text}", markup=False, highlight=False, soft_wrap=True
            )

    def moved(self, count: int, total: int | None) -> None:
        """So many entries of so many."""
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, completed=count, total=total)


@contextmanager
def reporting(*, to_file: bool, count: int) -> Iterator[Reporter]:
    """A reporter, with a bar where somebody sees it and nothing else is written there."""
    if not is_bar_wanted(to_file=to_file):
        yield Reporter()
        return
    bar = Progress(
        TextColumn("entries"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        redirect_stdout=False,
    )
    with bar:
        yield Reporter(bar, bar.add_task("entries", completed=count, total=None))


def is_bar_wanted(*, to_file: bool) -> bool:
    """On a terminal, if the entries go to a file."""
    return sys.stderr.isatty() and (to_file or _is_file(sys.stdout))


def _is_file(stream: object) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)  # type: ignore[attr-defined]
    except (AttributeError, OSError):  # a stream of a test has no descriptor
        return False
