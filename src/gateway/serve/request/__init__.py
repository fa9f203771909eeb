"""An HTTP request, read."""
