"""One entry -> all that its page says: geometry, facts with units, citation, picture. Pure.

In: the attributes of a structure, and the names of the gateway's own properties. Out: an
`EntryView`, which `templates/entry.html` lays out.
"""

from gateway.page.entry.described import EntryView
from gateway.page.entry.fields import entry_fields
from gateway.page.entry.view import Place, read_entry_view

__all__ = ["EntryView", "Place", "entry_fields", "read_entry_view"]
