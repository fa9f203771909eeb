"""What NOMAD leaves to Elasticsearch: values by kinds of fields, an index, source filters."""
