"""The commands of those who search: query, sites, properties, completion."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import get_completion_class

from gateway.cli.commands.group import (
    CONFIG_VARIABLE,
    DEFAULT_CONFIG,
    HELP,
    INTERRUPTED,
    config_here,
    config_option,
    fail,
    json_option,
    main,
    run_async,
)

if TYPE_CHECKING:
    from gateway.cli.query.question import Question
    from gateway.cli.query.source import Source

FORMATS = ("table", "jsonl", "json", "csv", "cif", "xyz", "poscar")
LIMIT = 20
SHELLS = ("bash", "zsh", "fish")

_Command = TypeVar("_Command", bound=Callable[..., object])

url_option = click.option(
    "--url", metavar="URL", help="Ask this OPTIMADE server: the part before /v1/structures."
)
demo_option = click.option(
    "--demo", "is_demo", is_flag=True, help="Ask three embedded Oases, in this process."
)
retries_option = click.option(
    "--retries",
    type=click.IntRange(0, 1_000),
    default=2,
    show_default=True,
    help="How often what fails is asked for again.",
)


def source_options(command: _Command) -> _Command:
    """Where to ask."""
    return url_option(config_option(demo_option(command)))


@main.command(context_settings=HELP)
@click.argument("filter_", metavar="FILTER")
@source_options
@click.option("--sites", default="", help="Ask these sites alone, separated by commas.")
@click.option("--sort", default="", help="Properties, separated by commas; a minus descends.")
@click.option("--fields", default="", help="Properties to show, separated by commas.")
@click.option(
    "--limit", type=click.IntRange(1), default=LIMIT, show_default=True, help="Entries at most."
)
@click.option("--all", "is_all", is_flag=True, help="All entries that match.")
@click.option("--count", "is_count", is_flag=True, help="Print how many match, and nothing else.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="What to write.  [default: by the name of --output, else table]",
)
@json_option
@click.option(
    "--output",
    "output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file.",
)
@click.option("--resume", is_flag=True, help="Go on with a file that is not complete.")
@retries_option
@click.pass_context
def query(context: click.Context, /, filter_: str, **options: Any) -> None:
    """Print or save the entries that match FILTER.

    Exit codes: 0 everything came, 1 nothing could be had, 2 wrong usage or filter, 3 not everything
    came, 130 Ctrl-C.
    """
    from gateway.cli.query.asking import Query, count
    from gateway.cli.query.question import check_question

    source, question = _source(context, options), _question(filter_, options)
    check_question(question)
    if options["is_count"]:
        sys.exit(run_async(count(question, source, retries=options["retries"])))
    is_given = context.get_parameter_source("limit") is not ParameterSource.DEFAULT
    _check_together(options, is_limit_given=is_given)
    asked = Query(
        question,
        source,
        path=options["output"],
        resume=options["resume"],
        retries=options["retries"],
        is_limit_given=is_given,
    )
    try:
        sys.exit(run_async(asked.run()))
    except KeyboardInterrupt:
        fail(asked.interrupted(), INTERRUPTED)


@main.command(context_settings=HELP)
@source_options
@json_option
@retries_option
@click.pass_context
def sites(context: click.Context, /, as_json: bool, **options: Any) -> None:
    """Show the sites of a gateway: state, version, entries, round trip.

    Exit codes: 0 all sites answer, 1 nothing answers, 3 some site is missing.
    """
    from gateway.cli.sites import ask_sites, exit_code, sites_json, sites_table

    found = run_async(ask_sites(_source(context, options), retries=options["retries"]))
    click.echo(sites_json(found) if as_json else sites_table(found))
    sys.exit(exit_code(found))


@main.command(context_settings=HELP)
@click.argument("word", required=False, default="")
@source_options
@json_option
@click.pass_context
def properties(context: click.Context, /, word: str, as_json: bool, **options: Any) -> None:
    """Search the properties of structures for WORD, in names and descriptions.

    Without a configuration, they are those of the demo. Exit code 1: there is none.
    """
    from gateway.cli.properties import (
        find_properties,
        nothing_found,
        properties_json,
        properties_text,
    )

    source = _source(context, options, is_needed=False)
    every = run_async(find_properties(source))
    found = every.search(word)
    if not found:
        fail(nothing_found(word, every), 1)
    click.echo(properties_json(found) if as_json else properties_text(found, word))


@main.command(context_settings=HELP)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the lines with which SHELL completes commands and options."""
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(main, {}, "gateway", "_GATEWAY_COMPLETE").source())


def _question(filter_: str, options: dict[str, Any]) -> "Question":
    from gateway.cli.query.question import Question

    return Question(
        filter_,
        sort=options["sort"],
        fields=options["fields"],
        sites=options["sites"],
        limit=None if options["is_all"] else options["limit"],
        form=_form(options),
    )


def _form(options: dict[str, Any]) -> str:
    if options["as_json"]:
        if options["form"] not in (None, "json"):
            raise click.UsageError("--json is --format json; leave one of them out.")
        return "json"
    if options["form"] is not None:
        return str(options["form"])
    suffix = options["output"].suffix[1:].lower() if options["output"] else ""
    return suffix if suffix in ("jsonl", "json", "csv", "xyz") else "table"


def _check_together(options: dict[str, Any], *, is_limit_given: bool) -> None:
    if options["is_all"] and is_limit_given:
        raise click.UsageError("--all and --limit exclude each other.")
    if options["output"] is None:
        if options["resume"]:
            raise click.UsageError("--resume needs --output FILE, the file to go on with.")
        if _form(options) in ("cif", "poscar") and (options["is_all"] or options["limit"] > 1):
            raise click.UsageError(
                f"{_form(options)} holds one entry a file: use --output FILE.zip, or --limit 1."
            )


def _source(context: click.Context, options: dict[str, Any], *, is_needed: bool = True) -> "Source":
    """Where to ask: what the command line says, then the environment, then this folder."""
    from gateway.cli.query.source import Source
    from gateway.config import load_config

    path: Path | None = options["path"]
    if context.get_parameter_source("path") is ParameterSource.ENVIRONMENT and (
        options["url"] or options["is_demo"]
    ):
        path = None
    if sum((options["url"] is not None, path is not None, options["is_demo"])) > 1:
        raise click.UsageError("--url, --config and --demo exclude each other.")
    if options["url"] is not None:
        return Source(url=options["url"])
    if options["is_demo"]:
        return Source()
    path = path or config_here()
    if path is not None:
        return Source(config=load_config(path), path=path)
    if not is_needed:
        return Source()
    raise click.UsageError(
        f"Where to ask? Use --url URL, --config FILE (or {CONFIG_VARIABLE}) or --demo, or go to a "
        f"folder with a {DEFAULT_CONFIG}."
    )
