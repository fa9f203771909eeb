"""Hot reload: a changed configuration takes over, and no request is dropped.

In: the file of a configuration. Out: an ASGI app over it as it is now. `cli` runs it.
"""

from gateway.serve.hot_reload.reloading import HotReload, create_hot_reload

__all__ = ["HotReload", "create_hot_reload"]
