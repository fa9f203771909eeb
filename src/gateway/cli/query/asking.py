"""The way of a query: the first page, further ones, what is missing, the end."""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from gateway.cli.query.formats import Unwritten, joined_meta, writer_for
from gateway.cli.query.made import make_document, zip_maker
from gateway.cli.query.notices import Notices
from gateway.cli.query.outputs import FileOutput, MadeOutput, Make, Output, StreamOutput, part_of
from gateway.cli.query.progress import Reporter, reporting
from gateway.cli.query.question import (
    JSON,
    ONE_A_FILE,
    TABLE,
    Question,
    fields_for,
    identity,
    query_string,
)
from gateway.cli.query.resuming import Position, begin, beside
from gateway.cli.query.server import Server
from gateway.cli.query.source import Source, opened
from gateway.cli.query.summary import Outcome, missing_lines, outcome_of, unwritten_lines
from gateway.cli.query.walking import Page, first_page, missing_in, walk
from gateway.errors import ConfigError, GatewayError, ParameterError, RequestError

WHOLE, PARTIAL = 0, 3


@dataclass(slots=True)
class Query:
    """One run of the command."""

    question: Question
    source: Source
    path: Path | None = None
    """The file to write; None: standard output."""
    resume: bool = False
    retries: int = 2
    is_limit_given: bool = True
    """Whether the caller knows that there is one."""
    unwritten: Unwritten = field(default_factory=Unwritten)
    position: Position = field(default_factory=lambda: Position({}))

    async def run(self) -> int:
        """Ask, write, say what is missing; the exit code."""
        self.position = self._begun()
        with reporting(to_file=self.path is not None, count=self.position.count) as reporter:
            async with opened(self.source, retries=self.retries) as server:
                output = self._output(server)
                try:
                    return await self._walked(server, output, reporter)
                finally:
                    output.close()

    def interrupted(self) -> str:
        """What to say after Ctrl-C."""
        count = self.position.count
        if self.path is None or not self._can_resume or not count:
            return "interrupted"
        return f"interrupted; {count} entries are kept, and --resume goes on"

    async def _walked(self, server: Server, output: Output, reporter: Reporter) -> int:
        notices = Notices(server, reporter)
        reason: GatewayError | None = None
        try:
            await self._pages(server, output, notices, reporter)
        except RequestError:
            raise  # nothing that was read before makes a wrong request right
        except GatewayError as error:
            if not self.position.count:
                raise
            reason = error
        missing = tuple(notices.missing) or missing_in(self.position.meta, server)
        outcome = outcome_of(self.position, reason, missing)
        output.end(outcome.ending, is_done=reason is None)
        self._report(outcome, reporter)
        return WHOLE if outcome.is_whole else PARTIAL

    async def _pages(
        self, server: Server, output: Output, notices: Notices, reporter: Reporter
    ) -> None:
        """Write page after page, until the result or the limit ends it."""
        position = self.position
        if position.ended_by:  # an earlier run has read all, and ended while it wrote
            return
        following = position.next
        if following is None:
            prefix, is_gateway = server.prefix, server.is_gateway
            query = query_string(self.question, prefix=prefix, is_gateway=is_gateway)
            position.query, page = await first_page(server, query)
            self._write(page, output, notices, reporter)
            following = page.next
        if following is not None and not position.ended_by:
            async for page in walk(server, following):
                self._write(page, output, notices, reporter)
                if position.ended_by:
                    return

    def _write(self, page: Page, output: Output, notices: Notices, reporter: Reporter) -> None:
        position, limit = self.position, self.question.limit
        left = len(page.entries) if limit is None else limit - position.count
        if left < len(page.entries) or (left == len(page.entries) and page.next and limit):
            position.ended_by = "limit"
        elif page.next is None:
            position.ended_by = "end"
        notices.read(page)
        page = replace(
            page, entries=page.entries[:left], meta=joined_meta(position.meta, page.meta)
        )
        position.meta = page.meta
        output.page(page)
        total = page.total if limit is None or page.total is None else min(limit, page.total)
        reporter.moved(position.count, total)

    def _begun(self) -> Position:
        asked = identity(self.question, self.source.name)
        if self.path is None:
            return Position(asked)
        if self.resume and not self._can_resume:
            raise ConfigError(
                "a table cannot be resumed; choose jsonl, csv, xyz, json, cif, poscar"
            )
        data = part_of(self.path) if self._is_made else self.path
        return begin(self.path, data, asked, resume=self.resume)

    @property
    def _can_resume(self) -> bool:
        return self.question.form != TABLE

    @property
    def _is_made(self) -> bool:
        return self.question.form in (JSON, *ONE_A_FILE)

    def _output(self, server: Server) -> Output:
        question, position = self.question, self.position
        if not server.is_gateway:
            self.unwritten.holder = "Its database"
        if question.sites and not server.is_gateway:
            raise ParameterError(f"--sites needs a gateway; {self.source.name} is none")
        if self.path is not None and self._is_made:
            return MadeOutput(self.path, self._maker(), position)
        fields = fields_for(question, prefix=server.prefix, is_gateway=server.is_gateway)
        writer = writer_for(question, fields, self.unwritten)
        if self.path is not None:
            return FileOutput(self.path, writer, position, can_resume=self._can_resume)
        return StreamOutput(sys.stdout.buffer, writer, position)

    def _maker(self) -> Make:
        if self.question.form == JSON:
            return make_document
        return zip_maker(self.question.form, asked_of=self.source.name, unwritten=self.unwritten)

    def _report(self, outcome: Outcome, reporter: Reporter) -> None:
        """What is not there, and how to get it."""
        for line in unwritten_lines(self.unwritten):
            reporter.say(line)
        if outcome.reason is not None:
            for line in missing_lines(outcome, self._onward()):
                reporter.say(line)
        elif outcome.is_cut and not self.is_limit_given and self.question.form != TABLE:
            ending = outcome.ending
            reporter.say(f"{ending.count} of {ending.shown_total} entries; --all gives all of them")

    def _onward(self) -> str:
        """How to get the rest."""
        if self.path is None:
            return "with --output FILE, --resume can go on with"
        return "--resume goes on with" if beside(self.path).exists() else ""


async def count(question: Question, source: Source, *, retries: int) -> int:
    """Print the number of entries that match; the exit code."""
    reporter = Reporter()
    async with opened(source, retries=retries) as server:
        if question.sites and not server.is_gateway:
            raise ParameterError(f"--sites needs a gateway; {source.name} is none")
        question = replace(question, fields="id", limit=1)
        query = query_string(question, prefix=server.prefix, is_gateway=server.is_gateway)
        _, page = await first_page(server, query)
        notices = Notices(server, reporter)
        notices.read(page)
        if page.total is None:
            raise GatewayError("The server does not say how many entries match; --all reads them.")
        click.echo(page.total)
        return PARTIAL if notices.missing else WHOLE
