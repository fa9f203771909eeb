"""The commands of those who run a gateway: serve, demo, oasis, init, check, explain."""

import re
import sys
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.catalogue.quantities import OLDEST
from gateway.cli.commands.group import (
    DEFAULT_CONFIG,
    FAILED,
    HELP,
    config_here,
    config_option,
    found_config,
    json_option,
    main,
    run_async,
)

if TYPE_CHECKING:
    from gateway.cli.explain import Explanation
    from gateway.config import Config

# Repeated here, since its own module takes long to import; a test compares them.
OASES = ("berlin", "munich", "dresden")

host_option = click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen at."
)
_PORT = click.IntRange(0, 65_535)
port_option = click.option(
    "--port", type=_PORT, default=8080, show_default=True, help="Port; 0: any free one."
)
DEMO_PORTS = (*range(8080, 8090), 0)


@main.command(context_settings=HELP)
@config_option
@host_option
@port_option
@click.option(
    "--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes to run."
)
def serve(path: Path | None, host: str, port: int, workers: int) -> None:
    """Serve the gateway over the configured sites."""
    from gateway.cli.serving import run_server
    from gateway.config import load_config

    path = found_config(path)
    run_server(load_config(path), path=path, host=host, port=port, workers=workers)


@main.command(context_settings=HELP)
@host_option
@click.option(
    "--port", type=_PORT, help="Port; 0: any free one.  [default: 8080, or the next free]"
)
def demo(host: str, port: int | None) -> None:
    """Serve the gateway over three embedded Oases with real structures."""
    from gateway.cli.demo import run_demo

    _serve(run_demo(host=host, ports=DEMO_PORTS if port is None else (port,)))


@main.command(context_settings=HELP)
@click.argument("name", type=click.Choice(OASES))
@host_option
@port_option
def oasis(name: str, host: str, port: int) -> None:
    """Serve one of the embedded Oases alone, e.g. in a container."""
    from gateway.cli.demo import run_oasis

    _serve(run_oasis(name, host=host, port=port))


def _named_site(_: click.Context, __: click.Parameter, values: Sequence[str]) -> list[list[str]]:
    pairs = [value.split("=", 1) for value in values]
    for value, pair in zip(values, pairs, strict=True):
        if len(pair) != 2 or not re.fullmatch(r"[a-z][a-z0-9-]*", pair[0]):
            raise click.BadParameter(
                f"{value!r} is not NAME=ADDRESS, such as berlin=https://nomad.example.org/gui; a "
                "name has lower-case letters, digits and hyphens, and begins with a letter."
            )
    return pairs


@main.command(context_settings=HELP)
@click.argument("addresses", nargs=-1, metavar="[ADDRESSES]...")
@click.option(
    "--site",
    "named",
    multiple=True,
    metavar="NAME=ADDRESS",
    callback=_named_site,
    help="An Oasis under a name of your choice; may be repeated.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DEFAULT_CONFIG,
    show_default=True,
    help="The file to write.",
)
@click.option("--prefix", help="Prefix of the gateway's own properties.  [default: chosen]")
@click.option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificates (PEM) to trust for these Oases instead of the usual ones.",
)
@click.option("--yes", "is_silent", is_flag=True, help="Ask nothing: take what is proposed.")
@click.option("--force", is_flag=True, help="Replace the file if it exists; it is kept as .old.")
def init(
    addresses: tuple[str, ...],
    *,
    named: list[list[str]],
    output: Path,
    prefix: str | None,
    ca_file: Path | None,
    is_silent: bool,
    force: bool,
) -> None:
    """Write a configuration for the Oases at ADDRESSES, as they are in a browser.

    Each is asked: the address of its API is found from that of its web page. Without addresses,
    they are asked for.
    """
    from gateway.cli.init.command import run_init

    pairs = (*((None, one) for one in addresses), *((name, one) for name, one in named))
    checks = run_init(
        pairs,
        output=output,
        prefix=prefix,
        ca_file=ca_file,
        is_silent=is_silent,
        replaces=force,
    )
    if any(one.failure for one in checks):
        sys.exit(FAILED)


@main.command(context_settings=HELP)
@config_option
@json_option
def check(path: Path | None, as_json: bool) -> None:
    """Ask every site for its version and size, and try a search there."""
    from gateway.cli.check import check_sites, checks_json, checks_table

    checks = run_async(check_sites(_config(path)))
    click.echo(checks_json(checks) if as_json else checks_table(checks))
    if any(one.failure for one in checks):
        sys.exit(FAILED)


def _nomad_version(_: click.Context, __: click.Parameter, value: str) -> str:
    if not re.match(r"\d+\.\d+", value):
        raise click.BadParameter(f"{value!r} is not a version of NOMAD, such as 2.0.0.")
    return value


@main.command(context_settings=HELP)
@click.argument("filter_", metavar="FILTER")
@config_option
@click.option(
    "--nomad",
    "version",
    default=OLDEST,
    show_default=True,
    metavar="VERSION",
    callback=_nomad_version,
    help="The sites' NOMAD version: a few quantities are not in all of them.",
)
@click.option(
    "--count",
    "is_counted",
    is_flag=True,
    help="Ask the sites how many entries match, at each of them and without each condition.",
)
@json_option
def explain(
    filter_: str, *, path: Path | None, version: str, is_counted: bool, as_json: bool
) -> None:
    """Show how FILTER is understood, and what each site is asked.

    Without a configuration, the sites are those of the demo.
    """
    from gateway.cli.explain import explain_filter, explanation_json, explanation_text, print_lines

    path = path or config_here()
    config = _config(path) if path else None
    explanation = explain_filter(filter_, config, version=version)
    if is_counted:
        _explain_counted(explanation, config, as_json=as_json)
    elif as_json:
        click.echo(explanation_json(explanation))
    else:
        print_lines(explanation_text(explanation))


def _explain_counted(explanation: "Explanation", config: "Config | None", *, as_json: bool) -> None:
    from gateway.cli.counting import count_filter, counts_lines, counts_object
    from gateway.cli.explain import explanation_json, explanation_text, print_lines

    counts = run_async(count_filter(explanation.text, config))
    for warning in counts.warnings:
        click.echo(f"warning: {warning}", err=True)
    if as_json:
        click.echo(explanation_json(explanation, counted=counts_object(counts)))
    else:
        print_lines(explanation_text(explanation, counted=counts_lines(counts)))


def _config(path: Path | None) -> "Config":
    from gateway.config import load_config

    return load_config(found_config(path))


def _serve(work: Coroutine[Any, Any, None]) -> None:
    with suppress(KeyboardInterrupt):
        run_async(work)
