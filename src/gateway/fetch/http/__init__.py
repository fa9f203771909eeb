"""There and back: one HTTP request to one site, within its deadline."""
