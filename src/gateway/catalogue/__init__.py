"""What NOMAD indexes and how it spells things: tables, and the scripts that make them."""
