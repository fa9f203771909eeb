"""The page for researchers: view models and templates. Pure: no network, clock, configuration."""
