"""HTTP: query strings in, OPTIMADE documents out."""
