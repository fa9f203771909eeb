"""One page over all sites: keys, bodies, and the answer as NOMAD writes it (`searching`)."""
