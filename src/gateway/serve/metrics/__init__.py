"""The metrics of one worker and of all: how late its event loop is, and what the others count.

In: an Observer. Out: the text of `/metrics`. `cli` runs the hub in the process that starts the
workers; each worker is `published` while it lives.
"""

from gateway.serve.metrics.hub import METRICS_HUB, metrics_hub
from gateway.serve.metrics.loop_delay import loop_delay_measured
from gateway.serve.metrics.sharing import metrics_text, published

__all__ = ["METRICS_HUB", "loop_delay_measured", "metrics_hub", "metrics_text", "published"]
