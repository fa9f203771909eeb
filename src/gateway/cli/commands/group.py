"""What all commands share: their group, options, exit codes, where the configuration is."""

import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from gateway import __version__
from gateway.cli.interrupts import catch_interrupts
from gateway.errors import ConfigError, GatewayError, RequestError

# Repeated here, since its own module takes long to import; a test compares them.
CONFIG_VARIABLE = "GATEWAY_CONFIG"
DEFAULT_CONFIG = "gateway.yaml"

T = TypeVar("T")

FAILED = 1
MISUSED = 2
"""Exit code for a wrong option, configuration or filter."""
INTERRUPTED = 130
BROKEN_PIPE = 141
"""As a program has it that SIGPIPE ends."""

HELP = {"help_option_names": ["-h", "--help"]}

config_option = click.option(
    "--config",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar=CONFIG_VARIABLE,
    show_envvar=True,
    help="The configuration (YAML); config/gateway.yaml shows all keys.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Commands(click.Group):
    """Turns errors of ours into one clear message and an exit code; others keep their trace."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except GatewayError as error:
            fail(str(error), MISUSED if isinstance(error, ConfigError | RequestError) else FAILED)
        except BrokenPipeError:
            _leave_quietly()
        except OSError as error:
            fail(_sentence(error), FAILED)


def _sentence(error: OSError) -> str:
    """Which file, and why, without the number that Python puts first."""
    if error.filename is None or error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}"


@click.group(cls=Commands, context_settings=HELP)
@click.version_option(__version__, prog_name="gateway")
def main() -> None:
    """One OPTIMADE API over many NOMAD Oases.

    Exit codes: 0 all went well, 1 something failed, 2 wrong usage, configuration or filter, 3 not
    everything came, 130 Ctrl-C.
    """


def config_here() -> Path | None:
    """The configuration in this folder, if there is one; a line on standard error names it."""
    if not Path(DEFAULT_CONFIG).is_file():
        return None
    click.echo(f"gateway: using ./{DEFAULT_CONFIG}", err=True)
    return Path(DEFAULT_CONFIG)


def found_config(path: Path | None) -> Path:
    """The configuration that was named, or the one in this folder."""
    path = path or config_here()
    if path is None:
        fail(
            f"no configuration was given: use --config FILE or {CONFIG_VARIABLE}, or go to a "
            f"folder with a {DEFAULT_CONFIG}",
            MISUSED,
        )
    return path


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """What the work gives; Ctrl-C raises KeyboardInterrupt once it has cleaned up."""
    catch_interrupts()
    return asyncio.run(work)


def fail(message: str, code: int) -> NoReturn:
    """Say why on standard error, and end."""
    lines: Sequence[str] = message.splitlines() or ["failed"]
    for line in lines:
        click.echo(f"gateway: {line}", err=True)
    sys.exit(code)


def _leave_quietly() -> NoReturn:
    """The reader of the output has ended, as `head` does; nothing more is written."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    sys.exit(BROKEN_PIPE)
