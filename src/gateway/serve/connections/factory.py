"""The protocols of one worker's connections, which share its limits."""

import asyncio
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from gateway.serve.connections.limits import ConnectionLimits
from gateway.serve.connections.protocol import BoundedProtocol
from gateway.serve.connections.registry import Connections
from gateway.serve.request.context import OBSERVER


class BoundedProtocols:
    """Makes the protocol of each connection of one worker; uvicorn calls it as it would a class."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._connections: Connections | None = None

    def __call__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> BoundedProtocol:
        """The protocol of one more connection."""
        if self._connections is None:
            self._connections = Connections(
                self.limits, _loop or asyncio.get_running_loop(), app_state.get(OBSERVER)
            )
        return BoundedProtocol(config, server_state, app_state, connections=self._connections)
