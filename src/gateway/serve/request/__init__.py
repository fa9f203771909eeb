"""An HTTP request, read: path, address, query string, form, headers.

In: an ASGI scope and body. Out: a RequestContext, and a SearchRequest or EntryRequest, checked for
form. Everything else in `serve` may import it; it imports none of that.
"""
