"""What stands before a site: circuit breaker, slots and rate, back-off, request coalescing."""
