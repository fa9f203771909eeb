"""What one NOMAD is asked, and what its answers mean: key pages, archives, counts, aggregations.

In: native queries and positions in an order. Out: hits, entries, numbers, checked; or a SiteError.
For `search` alone, by way of `fanout`.
"""
