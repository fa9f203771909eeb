"""`/info` of the federation: the lowest version of its sites, and each site with its own."""

from collections.abc import Mapping

from gateway import __version__
from gateway.catalogue.quantities import read_version
from gateway.config import Config
from gateway.model import Json, JsonObject
from gateway.native.call import NativeCall


def written_info(
    config: Config, call: NativeCall, versions: Mapping[str, str | None]
) -> JsonObject:
    """What clients look at, and which sites it has."""
    known = [found for site in call.sites if (found := versions.get(site))]
    sites: list[Json] = []
    for site in config.sites:
        if site.name in call.sites:
            shown: JsonObject = {"name": site.name, "title": site.title, "url": site.url}
            sites.append({**shown, "version": versions.get(site.name)})
    return {
        "parsers": [],
        "metainfo_packages": [],
        "codes": [],
        "normalizers": [],
        "version": min(known, key=read_version, default="unknown"),
        "deployment": config.provider.name,
        "oasis": True,
        "git": {},
        "gateway": {"name": "nomad-optimade-gateway", "version": __version__},
        "sites": sites,
    }
