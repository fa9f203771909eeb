"""What a search has given -> the text of its page."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from gateway.config import Config
from gateway.model import STRUCTURES, JsonObject, Omission, SearchAnswer, SearchRequest
from gateway.page.form.fields import Fields
from gateway.page.form.rules import FieldError
from gateway.page.rendering import render
from gateway.page.search import Asked, Problem, SearchView, SiteTitle, search_view
from gateway.page.search.address import PageAddress
from gateway.page.search.columns import Column, chosen_columns, columns_of, default_columns
from gateway.page.search.form_view import Choice, form_view
from gateway.properties import structures_catalogue
from gateway.serve.request.context import RequestContext, context_of
from gateway.serve.request.formats import JSON, listing_formats, most_entries
from gateway.serve.request.paths import RequestTarget
from gateway.serve.request.relative_paths import to_base
from gateway.serve.response.html import frame_of
from gateway.write import CSV, FORMATS

_LIMITS = (20, 50, 100)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is known when the page is written: `answer`, or `problem`, or `errors` of fields."""

    address: PageAddress
    fields: Fields
    errors: tuple[FieldError, ...] = ()
    problem: Problem | None = None
    search: SearchRequest | None = None
    columns: tuple[Column, ...] = ()
    answer: SearchAnswer | None = None
    omissions: tuple[Omission, ...] = ()
    warnings: tuple[str, ...] = ()


def columns_for(
    search: SearchRequest, *, config: Config, target: RequestTarget
) -> tuple[Column, ...]:
    """The columns that a request asks for."""
    prefix = config.provider.prefix
    catalogue = structures_catalogue(prefix)
    names = search.response_fields or default_columns(prefix, sites=len(_sites(config, target)))
    return tuple(chosen_columns(names, _every_column(config, target), catalogue))


def search_page(shown: Shown, request: Request, config: Config) -> str:
    """The HTML of the page."""
    context = context_of(request)
    sites = _sites(config, context.target)
    titles = {site.name: site.title for site in sites}
    site = sites[0] if context.target.site else None
    view = _view(shown, request, config)
    errors = shown.errors
    return render(
        "search.html",
        frame_of(request, config),
        address=shown.address,
        catalog=_catalog(context, config) if not str(shown.address) else None,
        columns=_column_choices(shown, config, context.target),
        description=config.provider.description,
        form=form_view(
            shown.fields,
            prefix=config.provider.prefix,
            titles=titles if len(sites) > 1 else {},
            facets=shown.answer.facets if shown.answer else (),
            uncounted=_uncounted(shown, view),
            errors=errors,
        ),
        headline=_headline(view, shown.address),
        limits=_limits(shown, config),
        places=site.title if site else "one Oasis" if len(sites) == 1 else f"{len(sites)} Oases",
        problem=shown.problem or (_of_fields(errors) if errors else None),
        sorts=_sorts(shown),
        title=site.title if site else config.provider.name,
        view=view,
    )


def _view(shown: Shown, request: Request, config: Config) -> SearchView | None:
    if shown.answer is None or shown.search is None:
        return None
    context = context_of(request)
    formats = listing_formats(STRUCTURES, config.provider.prefix)
    asked = Asked(
        shown.address,
        base=to_base(request),
        base_url=context.base_url,
        prefix=config.provider.prefix,
        columns=shown.columns,
        page_limit=shown.search.page_limit,
        offset=shown.search.offset,
        sort=shown.search.sort,
        sites=_sites(config, context.target),
        formats=tuple(name for name in formats if name != JSON),
        largest={
            f"_{config.provider.prefix}_{name}": most_entries(form)
            for name, form in FORMATS.items()
            if name != CSV
        },
    )
    return search_view(shown.answer, asked, omissions=shown.omissions, more=shown.warnings)


def _uncounted(shown: Shown, view: SearchView | None) -> str:
    """A count is exact or left out: why some are not there."""
    if view is None or shown.search is None or shown.answer is None:
        return ""
    if len(shown.answer.facets) == len(shown.search.facets):
        return ""
    if not view.missing:
        return "Some choices have no count: it could not be found exactly."
    has = "has" if len(view.missing) == 1 else "have"
    return f"Counts are left out: {', '.join(view.missing)} {has} not answered in full."


def _sites(config: Config, target: RequestTarget) -> tuple[SiteTitle, ...]:
    return tuple(
        SiteTitle(site.name, site.title)
        for site in config.sites
        if target.site in (None, site.name)
    )


def _every_column(config: Config, target: RequestTarget) -> list[Column]:
    prefix = config.provider.prefix
    titles = {site.name: site.title for site in _sites(config, target)}
    return columns_of(prefix, structures_catalogue(prefix), titles=titles)


def _column_choices(shown: Shown, config: Config, target: RequestTarget) -> list[Choice]:
    """The columns with a title, and those that the address names besides."""
    known = {column.name: column for column in _every_column(config, target)}
    chosen = {column.name: column for column in shown.columns}
    return [Choice(name, one.title, name in chosen) for name, one in {**known, **chosen}.items()]


def _headline(view: SearchView | None, address: PageAddress) -> str:
    if view is None:
        return ""
    if not view.count:
        return "No structures found"
    noun = "structure" if view.count == 1 else "structures"
    return f"{view.count:,} {noun}{' found' if address.filter else ''}"


def _limits(shown: Shown, config: Config) -> list[Choice]:
    limit = shown.search.page_limit if shown.search else config.paging.default_limit
    every = sorted({*_LIMITS, config.paging.default_limit, limit})
    allowed = (one for one in every if one <= config.paging.max_limit)
    return [Choice(str(one), str(one), one == limit) for one in allowed]


def _sorts(shown: Shown) -> list[Choice]:
    """All that the columns can be sorted by, both ways, and what the address says else."""
    current = shown.address.sort
    choices = [
        Choice(sign + one.name, f"{one.title} {arrow}", current == sign + one.name)
        for one in shown.columns
        if one.is_sortable
        for sign, arrow in (("", "▲"), ("-", "▼"))
    ]
    if current and not any(one.is_chosen for one in choices):
        choices.append(Choice(current, current, is_chosen=True))
    return choices


def _of_fields(errors: Sequence[FieldError]) -> Problem:
    count = "One field needs" if len(errors) == 1 else f"{len(errors)} fields need"
    sentences = " ".join(error.sentence for error in errors)
    return Problem(f"{count} another look", sentences)


def _catalog(context: RequestContext, config: Config) -> JsonObject:
    """What search engines for data read: schema.org's DataCatalog."""
    provider = config.provider
    creator: JsonObject = {"@type": "Organization", "name": provider.name}
    if provider.homepage:
        creator["url"] = provider.homepage
    return {
        "@context": "https://schema.org/",
        "@type": "DataCatalog",
        "name": provider.name,
        "description": provider.description,
        "url": f"{context.base_url}/",
        "license": provider.license,
        "provider": creator,
        "keywords": ["materials science", "crystal structures", "OPTIMADE", "NOMAD"],
        "isAccessibleForFree": True,
        "dataset": [
            {
                "@type": "Dataset",
                "name": site.title,
                "description": site.description
                or f"Structures published at {site.title}, searchable through {provider.name}.",
                "url": f"{context.root}/sites/{site.name}/",
                "license": provider.license,
            }
            for site in config.sites
            if context.target.site in (None, site.name)
        ],
    }
