"""The dialogue of `gateway init`, which ends with the file written.

In: options, and something that searches for an API. Out: text on a terminal, a file.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeAlias

import click

from gateway.cli.diagnosis.api_search import Found, NotFound
from gateway.cli.diagnosis.typed_address import TypedAddress, read_typed
from gateway.cli.init.names import provider_prefix, says_nothing, site_name
from gateway.cli.init.yaml_text import NewProvider, NewSite, variable_of, write_config
from gateway.config.checks import provider_prefix as checked_prefix
from gateway.config.checks import site_name as checked_name

Search: TypeAlias = Callable[[TypedAddress], Found | NotFound]

_OF_CERTIFICATES = ("self_signed", "unknown_issuer")
_FIRST = "Address of an Oasis, as in your browser"
_MORE = "Address of another Oasis (empty: no more)"


@dataclass(frozen=True, slots=True)
class InitOptions:
    """What the command line gives."""

    output: Path
    addresses: tuple[tuple[str | None, str], ...] = ()
    """Each with its site's name; None: one is chosen."""
    prefix: str | None = None
    ca_file: str | None = None
    """Certificates that vouch for the sites."""
    is_silent: bool = False
    """Whether nothing is asked."""
    replaces: bool = False
    """Whether a file that exists is replaced without asking."""


def run_dialogue(options: InitOptions, search: Search) -> None:
    """Ask, search and write the file; a click exception says why there is none."""
    _Dialogue(options, search).run()


class _Dialogue:
    """One dialogue, and the sites that it has found so far."""

    def __init__(self, options: InitOptions, search: Search) -> None:
        self._options = options
        self._search = search
        self._sites: list[NewSite] = []
        self._refused: list[str] = []
        """Addresses at which there is no API that can be used."""

    def run(self) -> None:
        """Ask, search and write the file."""
        options = self._options
        old = _old_file(options)
        for name, typed in options.addresses:
            click.echo(typed.strip() or repr(typed))
            self._add(typed, name)
        if not options.addresses:
            self._ask_addresses()
        if self._refused and options.is_silent:
            raise click.ClickException(
                f"nothing was written: {', '.join(self._refused)} cannot be used"
            )
        if not self._sites:
            raise click.ClickException("nothing was written: no Oasis was found")
        provider = _provider(self._sites, options)
        text = write_config(provider, self._sites, path=str(options.output))
        _write(options.output, text, is_replaced=old)

    def _ask_addresses(self) -> None:
        if self._options.is_silent:
            raise click.UsageError("with --yes, give the address of at least one Oasis")
        click.echo(
            f"This writes {self._options.output}. Of each Oasis the address of its web page will "
            "do. Ctrl-C stops, and nothing is written."
        )
        while True:
            text = _MORE if self._sites else _FIRST
            typed = click.prompt(text, default="", show_default=False)
            if typed.strip():
                self._add(typed)
            elif self._sites:
                return

    def _add(self, typed: str, name: str | None = None) -> None:
        """Find the API at one address and take it in, or say why not."""
        found = self._find(typed)
        if found is None:
            self._refused.append(typed.strip())
            return
        known = next((site for site in self._sites if site.url == found.url), None)
        if known is not None:
            _say(f"This is the same as {known.name}, so it is left out.")
            return
        self._sites.append(self._new_site(found, name))

    def _find(self, typed: str) -> Found | None:
        """The API at an address, or one that is written down all the same; None: there is none."""
        try:
            found = self._search(read_typed(typed))
        except ValueError as error:
            _say(str(error))
            return None
        if isinstance(found, Found):
            _say(*found.remarks, _summary(found))
            return found
        _say(found.happened, f"What to do: {found.advice}")
        if found.why in _OF_CERTIFICATES and self._options.ca_file is None:
            _say("With such a file, repeat this with --ca-file FILE.")
        if self._options.is_silent or found.url is None or not _is_kept(found.url):
            return None
        return Found(found.url, None, None, None)

    def _new_site(self, found: Found, name: str | None) -> NewSite:
        taken = tuple(site.name for site in self._sites)
        proposed = site_name(found.url, deployment=found.deployment, taken=taken)
        if name is None and not self._options.is_silent:
            name = click.prompt(
                "  Its name in ids, never to be changed",
                default=proposed,
                value_proc=lambda text: _free_name(text, taken),
            )
        else:
            name = name or proposed
            _say(f"Its name is {name}: ids are {name}~<entry_id>.")
        has_title = name == proposed and not says_nothing(found.deployment)
        title = (found.deployment if has_title else None) or name
        if found.is_denied:
            _say(f"Put its token into the variable {variable_of(name)}; the file says where.")
        return NewSite(
            name, found.url, title, _summary(found), found.is_denied, self._options.ca_file
        )


def _old_file(options: InitOptions) -> bool:
    """Whether there is a file that may be replaced."""
    if not options.output.exists():
        return False
    if options.replaces:
        return True
    if options.is_silent:
        raise click.UsageError(
            f"{options.output} exists already: --force replaces it, --output names another file"
        )
    click.confirm(f"{options.output} exists already. Replace it?", abort=True)
    return True


def _is_kept(url: str) -> bool:
    return click.confirm(f"  Write {url} all the same, as it is right and will answer later?")


def _free_name(text: str, taken: Sequence[str]) -> str:
    try:
        name = checked_name(text.strip())
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if name in taken:
        raise click.BadParameter(f"{name!r} is the name of another site already")
    return name


def _provider(sites: Sequence[NewSite], options: InitOptions) -> NewProvider:
    proposed = options.prefix or provider_prefix([site.url for site in sites])
    prefix = proposed
    if options.prefix is None and not options.is_silent:
        prefix = click.prompt(
            "Prefix of this gateway's own properties, such as _fed_site",
            default=proposed,
            value_proc=_good_prefix,
        )
    names = ", ".join(site.title for site in sites)
    return NewProvider(prefix, f"Federation {prefix}", f"NOMAD Oases as one: {names}.")


def _good_prefix(text: str) -> str:
    try:
        return checked_prefix(text.strip())
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _summary(found: Found) -> str:
    version = f"NOMAD {found.version}" if found.version else "It did not answer"
    if found.entries is None:
        return version
    return f"{version}, {found.entries:,} public structures"


def _write(path: Path, text: str, *, is_replaced: bool) -> None:
    if is_replaced:
        kept = _free_path(path)
        path.rename(kept)
        click.echo(f"The {path.name} that was there is {kept.name} now.")
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    click.echo(f"{path} is written.")


def _free_path(path: Path) -> Path:
    """Where the old file goes without replacing an older one."""
    names = (f"{path.name}.old{number or ''}" for number in count())
    return next(one for name in names if not (one := path.with_name(name)).exists())


def _say(*lines: str) -> None:
    for line in lines:
        click.echo(f"  {line}")
