"""One OPTIMADE API over many NOMAD Oases.

The way of a request, folder by folder:

    serve   query string -> SearchRequest, and the answer -> JSON:API
    parse   filter text -> tree without negation above a leaf
    plan    tree x site -> NOMAD's native query, or why the site is skipped
    fetch   all sites at once: keys first, then the archives of the page's entries
    merge   sorted streams -> one page; one position resumes all sites
    shape   NOMAD archive -> OPTIMADE resource

`search` joins them. As a library: `translate` gives the native query of a filter, `create_app` an
ASGI app from a configuration.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {"translate": "gateway.plan", "create_app": "gateway.serve.app"}


def __getattr__(name: str) -> object:
    """The two library functions, loaded when first used: one does not need the other's imports."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
