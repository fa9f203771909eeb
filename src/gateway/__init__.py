"""One OPTIMADE API over many NOMAD Oases.

The way of a request, folder by folder:

    serve   query string -> SearchRequest, and the answer -> JSON:API
    parse   filter text -> tree without negation above a leaf
    plan    tree x site -> NOMAD's native query, or why the site is skipped
    fetch   all sites at once: keys first, then the bodies of the page's winners
    merge   sorted streams -> one page; one position resumes all sites
    shape   NOMAD archive -> OPTIMADE resource

`search` joins them. As a library: `translate` gives the native query of a filter, `create_app` an
ASGI app from a configuration.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from gateway.plan import translate
    from gateway.serve.app import create_app

__all__ = ["__version__", "create_app", "translate"]


def __getattr__(name: str) -> object:
    """The two library functions, loaded when first used: one does not need the other's imports."""
    if name == "translate":
        from gateway.plan import translate  # noqa: PLC0415

        return translate
    if name == "create_app":
        from gateway.serve.app import create_app  # noqa: PLC0415

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
