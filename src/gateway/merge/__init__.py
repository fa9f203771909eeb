"""Many sorted answers -> one page, in one total order that one position resumes at every site.

In: hits of the sites, an order, a cursor. Out: the hits of the page, the progress after it. Pure:
no await, network, clock or configuration. `search` imports it.
"""

from gateway.merge.cursor import Cursor, Pin, fingerprint_of, is_too_long, read_cursor, write_cursor
from gateway.merge.cursor_text import MAX_CURSOR
from gateway.merge.page import Progress, advance, merge_hits
from gateway.merge.sort import order_of

__all__ = [
    "MAX_CURSOR",
    "Cursor",
    "Pin",
    "Progress",
    "advance",
    "fingerprint_of",
    "is_too_long",
    "merge_hits",
    "order_of",
    "read_cursor",
    "write_cursor",
]
