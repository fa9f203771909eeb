"""The JSON of `query` -> an Elasticsearch query, with NOMAD's liberties and refusals."""
