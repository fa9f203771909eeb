"""Relative addresses for pages: they hold under any path that a proxy puts before ours."""

from starlette.requests import Request

from gateway.page.assets import assets_path
from gateway.serve.request.context import context_of


def to_root(request: Request) -> str:
    """From the page that was asked for to the root of the server: `./`, `../`, `../../`.

    Counted in the path as the browser has it, escaped slashes and needless ones included.
    """
    scope = request.scope
    path: str = scope.get("raw_path", b"").decode("latin-1") or scope["path"]
    prefix: str = scope.get("root_path", "")
    if prefix and path == prefix:  # without the slash at its end a browser is one folder higher
        return f"./{prefix.rpartition('/')[2]}/"
    inner = path[len(prefix) :] if prefix and path.startswith(f"{prefix}/") else path
    return "../" * (inner.partition("?")[0].count("/") - 1) or "./"


def to_base(request: Request) -> str:
    """To the base URL of the view: `./` at `/`, `../sites/berlin/` at `/sites/berlin`."""
    root, base = to_root(request), context_of(request).target.base
    return f"{root}{base[1:]}/" if base else root


def to_assets(request: Request) -> str:
    """To the folder of the files that pages load, without a slash at the end."""
    return f"{to_root(request)}{assets_path()}"
