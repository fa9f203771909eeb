"""Layers around the routes, from the outside: access, (compression), versioned_paths, errors.

In: ASGI requests. Out: the same with context, id and target; their answers with headers, documents
for errors. `app` puts them together; they know `request` and `response` alone.
"""
