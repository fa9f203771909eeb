"""A request for a single entry -> the listing that finds it: there is no second way to an entry."""

from gateway.model import EntryRequest, SearchRequest


def listing_of(request: EntryRequest) -> SearchRequest:
    """The request for the one entry with this id."""
    return SearchRequest(
        request.entry_type,
        filter=f'id = "{request.id}"',
        page_limit=1,
        response_fields=request.response_fields,
        include=request.include,
        sites=request.sites,
        timeout_s=request.timeout_s,
        entered=request.entered,
        fresh=request.fresh,
        token=request.token,
        request_id=request.request_id,
        client=request.client,
    )
