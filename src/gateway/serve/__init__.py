"""HTTP: query strings in, OPTIMADE documents out.

Inside, imports run one way: hot_reload > app > routes > middleware, connections, downloads >
info, response > request, state > admission, graceful_shutdown, metrics. Only `cli` (and embedding
code, by `gateway.create_app`) imports this folder.
"""
