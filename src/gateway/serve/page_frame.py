"""What stands around every page, for one request."""

from starlette.requests import Request

from gateway.page.rendering import Frame, Provider
from gateway.serve.request.relative_paths import to_assets, to_base, to_root
from gateway.serve.state import app_state_of


def frame_of(request: Request) -> Frame:
    """The provider and the relative addresses, as seen from the page that was asked for."""
    provider = app_state_of(request).config.provider
    return Frame(
        base=to_base(request),
        root=to_root(request),
        assets=to_assets(request),
        provider=Provider(provider.name, provider.description, provider.homepage),
    )
