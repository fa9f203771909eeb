"""The command line: serve, demo, check, explain, query. `commands` holds what click sees."""

from gateway.cli.commands import main

__all__ = ["main"]
