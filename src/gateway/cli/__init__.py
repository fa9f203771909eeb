"""The command line: serve, demo, oasis, init, check, explain; query, sites, properties, completion.

In: arguments and the environment. Out: text or JSON, an exit code, a running server. `commands` and
`researching` have the commands and options, `group` what they share; nothing imports this package.
"""

from gateway.cli import commands, researching
from gateway.cli.group import main

__all__ = ["commands", "main", "researching"]
