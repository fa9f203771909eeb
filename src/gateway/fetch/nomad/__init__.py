"""What a NOMAD is asked, and what its answers mean."""
