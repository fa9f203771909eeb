"""The command line: serve, demo, oasis, init, check, explain; query, sites, properties, completion.

In: arguments and the environment. Out: text or JSON, an exit code, a running server. `commands` has
the commands and options; nothing imports this package.
"""

from gateway.cli.commands import operating, researching
from gateway.cli.commands.group import main

__all__ = ["main", "operating", "researching"]
