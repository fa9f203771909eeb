"""Parts of make_definitions.py: model schemas and catalogue in, property definitions out."""
