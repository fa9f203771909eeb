"""Whose request it is: the address that the farthest trusted proxy saw, and no other's word."""

import pytest

from gateway.serve.request.client_address import read_client

PROXIES = ("10.0.0.0/8", "fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.7", "", "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),  # a stranger's word
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),  # the first is the client's
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8:1:2:3::4]:4711", "2001:db8:1:2::/64"),
        ("10.0.0.1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"),
        ("10.0.0.1", ", ,", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("10.0.0.1", "1" * 100_000, "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1," + "10.0.0.2," * 100_000 + "10.0.0.2", "10.0.0.2"),
        ("fd00::1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:192.0.2.7", "", "192.0.2.7"),
        ("2001:db8::1", "", "2001:db8::/64"),
        ("2001:db8::ffff", "", "2001:db8::/64"),
        ("fe80::1%eth0", "", "fe80::/64"),
        ("testclient", "198.51.100.1", "testclient"),
    ],
)
def test_client(peer: str, forwarded: str, client: str) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    assert read_client({"client": (peer, 1), "headers": headers}, PROXIES) == client


def test_no_address() -> None:
    """At a Unix socket all are one client."""
    assert read_client({"client": None, "headers": []}, PROXIES) == ""
    assert read_client({"headers": []}, ()) == ""
