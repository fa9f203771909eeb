"""`gateway init`: from addresses as people have them to a commented configuration."""
