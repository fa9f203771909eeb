"""There and back: one HTTP request to one site, within its caller's deadline.

In: a method, a path below the site's API address, a JSON body. Out: the JSON object that the site
answered, or a SiteError. For `fetch.nomad` alone, which knows what is asked; nothing here does.
"""
