"""A package, so that `tests.laws` is ours: optimade installs a package named `tests` of its own."""
