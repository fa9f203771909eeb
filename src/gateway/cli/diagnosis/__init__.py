"""What stands at a site's address, and what to do where that is not a NOMAD's API."""
