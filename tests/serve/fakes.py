"""A federation that holds canned entries, and a client of the app over it."""
