"""Documents that go out."""
