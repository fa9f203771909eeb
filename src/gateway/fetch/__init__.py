"""The only outgoing network code: all sites asked at once, hits and entries back."""
