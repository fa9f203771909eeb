"""What stands around every page, for one request."""

from starlette.requests import Request

from gateway.page.rendering import Frame
from gateway.serve.response import html
from gateway.serve.state import app_state_of


def frame_of(request: Request) -> Frame:
    """The provider and the relative addresses, as seen from the page that was asked for."""
    return html.frame_of(request, app_state_of(request).config)
