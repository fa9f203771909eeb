"""Listings of references, which the gateway holds in memory, filters, orders and pages itself.

In: SearchRequest or EntryRequest. Out: SearchAnswer. `gateway.search.federation` imports it.
"""
