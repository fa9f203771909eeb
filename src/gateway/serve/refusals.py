"""Errors that only HTTP knows of; they belong to the tree in `gateway.errors`."""

from gateway.errors import RequestError


class NotImplementedParameterError(RequestError):
    """A valid OPTIMADE parameter that this server does not answer (HTTP 501)."""


class MethodError(RequestError):
    """The endpoint does not know this HTTP method; `allowed` are those it knows."""

    def __init__(self, detail: str, *, allowed: str) -> None:
        super().__init__(detail)
        self.allowed = allowed


class NotAcceptableError(RequestError):
    """The client accepts no media type that is served (HTTP 406)."""


class TooLargeError(RequestError):
    """The body of the request is larger than any allowed filter needs (HTTP 413)."""
