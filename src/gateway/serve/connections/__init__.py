"""The server's side of HTTP connections: how many there are, how long they take, what they hold.

In: bytes of clients. Out: ASGI requests, each of bounded size. `cli` gives the protocol to uvicorn;
nothing else imports it, and it knows `request` alone.
"""

from gateway.serve.connections.factory import BoundedProtocols
from gateway.serve.connections.limits import ConnectionLimits, limits_of, raise_descriptor_limit

__all__ = ["BoundedProtocols", "ConnectionLimits", "limits_of", "raise_descriptor_limit"]
