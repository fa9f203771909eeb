"""What is known of the sites apart from any one request; read in the background."""
