"""Aggregations of a search: values with their counts, extremes, histograms."""
