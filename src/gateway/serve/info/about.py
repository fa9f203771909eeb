"""What the server says of itself: info, links, versions."""

from collections.abc import Iterable

from gateway.config import Config
from gateway.model import STRUCTURES, Json, JsonObject, Site
from gateway.serve.info.definitions import read_definitions, simplify, widen
from gateway.serve.request.context import RequestContext
from gateway.serve.request.formats import JSON, is_fixed, listing_formats
from gateway.serve.request.paths import API_VERSION, ENTRY_TYPES, INDEX, SERVED_VERSIONS, SITES
from gateway.serve.state import Detail
from gateway.write import fields_of

ENTRY_DESCRIPTIONS = {
    "structures": "Crystals, molecules and other arrangements of atoms, from all sites.",
    "references": "Literature and datasets that entries refer to.",
}
_MORE = (
    " Further properties, NOMAD's own (`_nmd_..`) among them, are defined at"
    " /v1.3/info/{entry_type}, and here with any `response_fields`."
)
VERSIONS_TYPE = "text/csv; header=present"
VERSIONS = "version\n1\n"
PROVIDERS = "https://providers.optimade.org"

# Ids of links; site names hold no underscore, so that none can be the same.
INDEX_ID = "index_metadb"
ALL_ID = "all_sites"
PROVIDERS_ID = "optimade_providers"


def base_info(context: RequestContext, *, config: Config) -> JsonObject:
    """The resource of `/info`; asks no site."""
    is_index, prefix = context.target.is_index, config.provider.prefix
    formats = (JSON,) if is_index else listing_formats(STRUCTURES, prefix)
    types = () if is_index else ENTRY_TYPES
    resource: JsonObject = {
        "type": "info",
        "id": "/",
        "attributes": {
            "api_version": API_VERSION,
            "available_api_versions": [
                {"url": f"{context.base_url}/{version}", "version": API_VERSION}
                for version in SERVED_VERSIONS
            ],
            "formats": list(formats),
            "entry_types_by_format": {
                form: [one for one in types if form in listing_formats(one, prefix)]
                for form in formats
            },
            "available_endpoints": [*types, "info", "links"],
            "license": config.provider.license,
            "is_index": is_index,
        },
    }
    if is_index:
        resource["relationships"] = {"default": {"data": {"type": "links", "id": ALL_ID}}}
    return resource


def entry_info(entry_type: str, *, prefix: str, detail: Detail) -> JsonObject:
    """The resource of `/info/<entry_type>`."""
    every = read_definitions(entry_type, prefix=prefix)
    match detail:
        case "exact":
            properties = every
        case "wide":
            properties = widen(every)
        case "plain":
            properties = simplify(every, prefix=prefix)
    formats = listing_formats(entry_type, prefix)
    more = "" if len(properties) == len(every) else _MORE.format(entry_type=entry_type)
    return {
        "type": "info",
        "id": entry_type,
        "description": ENTRY_DESCRIPTIONS[entry_type] + more,
        "properties": {**properties},
        "formats": list(formats),
        "output_fields_by_format": {form: _fields(form, properties, prefix) for form in formats},
    }


def _fields(form: str, properties: Iterable[str], prefix: str) -> list[Json]:
    name = form.removeprefix(f"_{prefix}_")
    return [*(fields_of(name, prefix) if is_fixed(name) else properties)]


def link_resources(context: RequestContext, *, config: Config) -> list[Json]:
    """The resources of `/links`: the index is the root, and each site a database of its own."""
    root, everything = _index_link(context, config), _everything_link(context, config)
    providers = _link(
        PROVIDERS_ID,
        name="OPTIMADE providers",
        description="All providers known to the Materials Consortia.",
        base_url=PROVIDERS,
        homepage="https://optimade.org",
        link_type="providers",
    )
    if context.target.site is not None:
        return [root, providers]
    children = [_site_link(site, context) for site in config.sites]
    return [root, *([everything] if context.target.is_index else []), *children, providers]


def _index_link(context: RequestContext, config: Config) -> JsonObject:
    return _link(
        INDEX_ID,
        name=config.provider.name,
        description=f"Index of the databases of {config.provider.name}.",
        base_url=f"{context.root}/{INDEX}",
        homepage=config.provider.homepage,
        link_type="root",
    )


def _everything_link(context: RequestContext, config: Config) -> JsonObject:
    return _link(
        ALL_ID,
        name=config.provider.name,
        description=config.provider.description,
        base_url=context.root,
        homepage=config.provider.homepage,
        link_type="child",
        aggregate="ok",
    )


def _site_link(site: Site, context: RequestContext) -> JsonObject:
    """A site's own view; who has asked for everything should not ask for it once more."""
    return _link(
        site.name,
        name=site.title,
        description=site.description,
        base_url=f"{context.root}/{SITES}/{site.name}",
        homepage=site.homepage,
        link_type="child",
        aggregate="no",
        no_aggregate_reason="Its entries are part of the database of all sites.",
    )


def _link(id_: str, **attributes: Json) -> JsonObject:
    return {"type": "links", "id": id_, "attributes": attributes}
