"""Which sites hold an entry, an upload or a dataset: asked by a query, never by NOMAD's own paths,
of which `/entries/{id}` shows what is under embargo to anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.errors import NativeError, SiteError
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.model import JsonObject, NativeQuery
from gateway.native.asking import NativeAnswer, post, try_sites
from gateway.native.call import Backend, NativeCall, owner_at
from gateway.native.dialect import for_version
from gateway.native.holders import Served, site_query
from gateway.native.refusals import is_refusal, missing, passed_on
from gateway.native.searches.documents import QUERY, read_documents, read_total

DOING = "look for an entry"


@dataclass(frozen=True, slots=True)
class Holdings:
    """How many entries that match each site has, and the sites that did not say."""

    counts: Mapping[str, int]
    failed: tuple[SiteError, ...]
    uploads: Mapping[str, str] = field(default_factory=dict)
    """By site: the upload of an entry that matches there."""

    @property
    def holders(self) -> tuple[str, ...]:
        """The sites that have any, in the order of the configuration."""
        return tuple(site for site, count in self.counts.items() if count)

    def or_missing(self, call: NativeCall, *, nowhere: str) -> NativeError:
        """Why nobody can be asked: 404 where all sites answered 404, else 502."""
        if self.failed and not call.is_partial:
            return missing(self.failed, partial_url=call.partial_url)
        if len(self.failed) == len(call.sites):
            return missing(self.failed, partial_url=call.partial_url)
        return NativeError(404, nowhere)


async def find_holders(
    query: NativeQuery,
    *,
    owner: str,
    call: NativeCall,
    backend: Backend,
    scope: MemoryScope,
    served: Served | None = None,
) -> Holdings:
    """What each site holds of a query, or, with `served`, serves of it; raises NativeError where it
    is refused."""
    versions = backend.versions()
    uploads: dict[str, str] = {}

    async def count(site: str) -> NativeAnswer[int]:
        client = backend.clients[site]
        asked = for_version(site_query(served, site, query).query, versions.get(site))
        body: JsonObject = {
            "owner": owner_at(owner, client, call.options(scope)),
            "query": asked,
            "pagination": {"page_size": 1},
            "required": {"include": ["upload_id"]},
        }
        answer = await post(client, QUERY, body, call=call, scope=scope, doing=DOING)
        for one in read_documents(site, answer, most=1):
            uploads[site] = str(one.get("upload_id"))
        return NativeAnswer(read_total(site, answer), {})

    requests = {site: count(site) for site in call.sites}
    results = await try_sites(requests, doing=DOING)
    failures = [one for one in results.values() if isinstance(one, SiteError)]
    refused = [error for error in failures if is_refusal(error)]
    if refused and not (call.is_partial and len(refused) < len(results)):
        raise passed_on(refused[0], alone=len(refused) == len(results))
    counts = {site: one.value for site, one in results.items() if isinstance(one, NativeAnswer)}
    return Holdings(counts, tuple(failures), uploads)
