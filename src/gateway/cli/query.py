"""`gateway query`: one page through the same search as over HTTP."""

from dataclasses import asdict, dataclass, replace

from gateway.cli.tables import write_json, write_table
from gateway.config import Config
from gateway.errors import PageLimitError
from gateway.model import STRUCTURES, SearchAnswer
from gateway.search import Federation
from gateway.serve.request.params import Caller, read_search
from gateway.serve.request.query_string import Rules
from gateway.serve.response.envelope import resource_object

_SHOWN = ("chemical_formula_reduced", "nelements", "nsites")


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """What the caller would like to see."""

    filter: str
    sort: str = ""
    limit: int = 20
    fields: str = ""


async def ask(options: QueryOptions, config: Config) -> tuple[SearchAnswer, tuple[str, ...]]:
    """The first page, and the names of the properties to show."""
    if options.limit > config.paging.max_limit:
        raise PageLimitError(options.limit, maximum=config.paging.max_limit)
    shown = options.fields or ",".join((*_SHOWN, f"_{config.provider.prefix}_site"))
    rules = Rules(
        config.provider.prefix,
        tuple(site.name for site in config.sites),
        max_limit=config.paging.max_limit,
    )
    pairs = (
        ("filter", options.filter),
        ("sort", options.sort),
        ("page_limit", str(options.limit)),
        ("response_fields", shown),
    )
    request, _ = read_search(pairs, entry_type=STRUCTURES, rules=rules, caller=Caller())
    request = replace(request, patient=True)
    federation = Federation(config)
    await federation.open()
    try:
        await federation.know_copies()
        return await federation.search(request), request.response_fields or ()
    finally:
        await federation.close()


def answer_table(answer: SearchAnswer, shown: tuple[str, ...]) -> str:
    """One line an entry, the counts below."""
    names = [name for name in shown if name not in ("id", "type")]
    rows = [
        (resource.id, *(resource.attributes.get(name) for name in names))
        for resource in answer.resources
    ]
    counts = f"{len(rows)} of {answer.data_returned} entries that match"
    return "\n".join([write_table(("id", *names), rows), counts])


def answer_json(answer: SearchAnswer, prefix: str) -> str:
    """The entries as over HTTP, the counts, and what each site did."""
    return write_json(
        {
            "data": [resource_object(resource) for resource in answer.resources],
            "data_returned": answer.data_returned,
            "data_available": answer.data_available,
            f"_{prefix}_sites": [asdict(report) for report in answer.reports],
            "warnings": [notice.detail for notice in answer.notices],
        }
    )
