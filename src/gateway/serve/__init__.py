"""HTTP: query strings in, OPTIMADE documents out.

Inside, imports run one way: hot_reload > app > routes, health, pages, entry_page, api_docs,
assets > middleware, connections > info, response > request, state. Only `cli` (and embedding code,
by `gateway.create_app`) imports this folder.
"""
