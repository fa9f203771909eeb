"""Bytes to one site and back: pools, connections, and what takes answers in, within bounds."""
