"""Where an entry lives and who made it, under the gateway's own prefix."""

from gateway.properties.property import Property


def provenance_properties(prefix: str) -> tuple[Property, ...]:
    """The gateway's own properties, for its provider prefix."""
    own = f"_{prefix}_"
    return (
        Property(f"{own}site", "string", "local", fields=("entry_id",)),
        Property(f"{own}entry_page", "string", "archive", fields=("upload_id",)),
        Property(f"{own}api_url", "string", "archive", fields=("entry_id",), by_default=False),
        Property(f"{own}upload_id", "string", "indexed", quantity="upload_id",
                 text_name="upload_id", sortable=True, fields=("upload_id",), by_default=False),
        Property(f"{own}copies", "list", "archive", items="string", fields=("upload_id",),
                 by_default=False),
        Property(f"{own}license", "string", "archive", fields=("license",), by_default=False),
        Property(f"{own}authors", "list", "indexed", items="string", quantity="authors.name",
                 fields=("authors.name",), by_default=False),
        Property(f"{own}datasets", "list", "indexed", items="string",
                 quantity="datasets.dataset_name", fields=("datasets.dataset_name",),
                 by_default=False),
        Property(f"{own}dois", "list", "indexed", items="string", quantity="datasets.doi",
                 fields=("datasets.doi",), by_default=False),
    )  # fmt: skip
