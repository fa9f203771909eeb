"""One page of entries as it is read: where it starts, each site's share, keys, archives.

In: a planned request and the clients. Out: a `PageResult`, or SitesMissingError.
"""
