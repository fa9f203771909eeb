"""What the server says about itself: the documents of /info, /links and OpenAPI.

In: configuration, request context, a data file. Out: JSON:API resources. The routes and the state
of the app import it.
"""
