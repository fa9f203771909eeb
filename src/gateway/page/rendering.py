"""Template and view model -> HTML. One environment for all pages; every value is escaped."""

import functools
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class Provider:
    """Who runs this gateway."""

    name: str
    description: str
    homepage: str | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page. All addresses are relative, so that any path prefix works."""

    base: str
    """From the page back to the base URL of the view, with a slash at the end: `./`, `../`."""
    root: str
    """From the page back to the root of the server."""
    assets: str
    """The folder of static files, without a slash at the end."""
    provider: Provider


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


def render(template: str, frame: Frame, **values: object) -> str:
    """The page; in the template `base`, `root`, `assets` and `provider` are those of the frame."""
    return (
        _environment()
        .get_template(template)
        .render(
            base=frame.base,
            root=frame.root,
            assets=frame.assets,
            provider=frame.provider,
            **values,
        )
    )


def warm_up() -> None:
    """Compile all templates, which would delay the first page."""
    environment = _environment()
    for name in environment.list_templates():
        environment.get_template(name)
