"""`gateway init`, joined: the dialogue, then a check of what was written."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from gateway.cli.check import Check, check_sites, checks_table
from gateway.cli.diagnosis.api_search import Found, NotFound, find_api
from gateway.cli.diagnosis.typed_address import TypedAddress
from gateway.cli.init.dialogue import InitOptions, run_dialogue
from gateway.cli.interrupts import catch_interrupts
from gateway.config import load_config
from gateway.config.checks import provider_prefix
from gateway.fetch.http.reachability import Reached, Unreachable, reach
from gateway.model import JsonObject, Site


def run_init(
    addresses: Iterable[tuple[str | None, str]],
    *,
    output: Path,
    prefix: str | None,
    ca_file: Path | None,
    is_silent: bool,
    replaces: bool,
) -> tuple[Check, ...]:
    """Write the file and check it; a click exception says why there is none."""
    catch_interrupts()
    if prefix is not None:
        _check_prefix(prefix)
    ordered = tuple(sorted(addresses, key=lambda one: one[0] is None))  # names that were given win
    trusted = str(ca_file.resolve()) if ca_file else None
    options = InitOptions(output, ordered, prefix, trusted, is_silent, replaces)
    try:
        run_dialogue(options, partial(_search, ca_file=trusted))
    except (click.Abort, KeyboardInterrupt):
        raise click.ClickException("stopped: nothing was written") from None
    config = load_config(output)
    checks = asyncio.run(check_sites(config))
    click.echo(f"\n{checks_table(checks)}\n")
    is_good = not any(one.failure for one in checks)
    click.echo(f"Next: gateway {'serve' if is_good else 'check'} --config {output}")
    return checks


def _check_prefix(prefix: str) -> None:
    try:
        provider_prefix(prefix)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--prefix") from error


def _search(typed: TypedAddress, *, ca_file: str | None) -> Found | NotFound:
    async def ask(site: Site, path: str, content: JsonObject | None) -> Reached | Unreachable:
        return await reach(replace(site, ca_file=ca_file), path, content=content)

    return asyncio.run(find_api(typed, ask))
