"""Pages for people: the search page, that of one entry, the API's endpoints, what pages load."""
