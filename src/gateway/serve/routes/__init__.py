"""The endpoints: OPTIMADE's, NOMAD's own API, pages for people, the server's health and metrics.

In: a request that the middleware has read. Out: its answer. Each module gives a router.
"""
