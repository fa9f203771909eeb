"""A port for a server that a test starts in a process of its own."""

import random
import socket

BELOW_EPHEMERAL = range(20_000, 32_000)
"""The system gives connections that go out ports from 32,768 on: between the choice of a port and
the start of its server such a connection could take it."""


def free_port() -> int:
    """A port nobody listens at, and that no connection of another test is given."""
    for port in random.sample(BELOW_EPHEMERAL, 200):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
