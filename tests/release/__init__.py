"""What a release needs besides the code: changelog, licences, lists of parts, checksums.

Scripts, run as `python -m tests.release.NAME` (docs/how-to/release.md says when), and their tests.
"""
