"""One search -> all that its page says: form with counts, results, links, texts to copy. Pure.

In: the page's address, the answer of the search or what went wrong. Out: a `SearchView`, which
`templates/search.html` lays out.
"""

from gateway.page.search.address import PageAddress
from gateway.page.search.columns import Column, columns_of
from gateway.page.search.form_view import FACETS, FormView
from gateway.page.search.problem import Problem, filter_problem
from gateway.page.search.view import Asked, SearchView, SiteTitle, search_view

__all__ = [
    "FACETS",
    "Asked",
    "Column",
    "FormView",
    "PageAddress",
    "Problem",
    "SearchView",
    "SiteTitle",
    "columns_of",
    "filter_problem",
    "search_view",
]
