"""The search form: query parameters -> fields -> filter, and filter -> fields. Pure.

The filter's text is the only state of the page: fields are read back from it by `read_back`, and
what no field can show stays as text under "Further conditions".
"""
