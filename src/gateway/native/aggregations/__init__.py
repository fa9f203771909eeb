"""Aggregations over all sites: which are answered (`rules`), asked and merged (`merged`)."""
