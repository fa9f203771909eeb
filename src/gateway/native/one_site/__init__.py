"""What one site answers alone: found by a query (`locating`), passed through (`passing`)."""
