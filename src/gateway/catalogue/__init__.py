"""Tables of what NOMAD indexes, and of its spellings and former names.

In: data files. Out: frozen rows. `properties` imports it.
"""
