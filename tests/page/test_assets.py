"""The files that pages load, and the digest in their addresses."""

from gateway.page.assets import MEDIA_TYPES, assets, assets_digest, assets_path


def test_every_file_has_a_path_and_a_type() -> None:
    """What is served is known beforehand: no path is ever looked up on the disk."""
    found = assets()
    assert "static/page.css" in found
    assert "vendor/3dmol/LICENSE" in found
    assert all(asset.media_type in MEDIA_TYPES.values() for asset in found.values())
    assert not any(path.startswith((".", "/", "templates")) for path in found)


def test_digest_is_in_the_path() -> None:
    assert assets_path() == f"assets/{assets_digest()}"
    assert len(assets_digest()) == 12
