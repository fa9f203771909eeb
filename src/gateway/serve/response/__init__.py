"""Documents that go out.

In: a SearchAnswer or an error, and the RequestContext. Out: a Starlette response: one JSON:API
document, or a stream of JSON Lines. Routes and middleware import it; it knows `request` and
`state`.
"""
