"""What makes data that the gateway carries; none of it is needed to run it."""
