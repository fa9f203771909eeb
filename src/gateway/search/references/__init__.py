"""Listings of references."""
