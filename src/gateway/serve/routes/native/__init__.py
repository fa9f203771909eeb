"""The HTTP side of NOMAD's own API: routes, requests read, answers written."""

from gateway.serve.routes.native.router import native_router

__all__ = ["native_router"]
