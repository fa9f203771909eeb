"""The command line: serve, demo, oasis, check, explain; query, sites, properties, completion.

In: arguments and the environment. Out: text or JSON, an exit code, a running server. `commands` and
`researching` have the commands and options; nothing imports this package.
"""

from gateway.cli import researching
from gateway.cli.commands import main

__all__ = ["main", "researching"]
