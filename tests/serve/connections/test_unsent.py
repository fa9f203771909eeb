"""Answers that wait for their clients."""

from gateway.serve.connections.unsent import UnsentAnswer

MUCH = 1_000_000


def test_a_client_that_takes_nothing_is_stuck() -> None:
    """After `write_s`, not before."""
    answer = UnsentAnswer(write_s=10.0)
    answer.waits(0.0)
    assert not answer.is_stuck(1.0, unsent=MUCH)
    assert not answer.is_stuck(11.0, unsent=MUCH)
    assert answer.is_stuck(11.5, unsent=MUCH)


def test_a_slow_client_is_not_stuck() -> None:
    """Who takes 16 KiB in that time goes on."""
    answer = UnsentAnswer(write_s=10.0)
    answer.waits(0.0)
    left = MUCH
    for now in range(5, 100, 5):
        left -= 16 * 1024
        assert not answer.is_stuck(float(now), unsent=left)


def test_a_trickle_is_not_enough() -> None:
    """A few bytes now and then do not keep an answer waiting for ever."""
    answer = UnsentAnswer(write_s=10.0)
    answer.waits(0.0)
    assert any(answer.is_stuck(float(now), unsent=MUCH - now) for now in range(30))


def test_nothing_waits_once_all_is_taken() -> None:
    """The time begins anew with the next answer."""
    answer = UnsentAnswer(write_s=10.0)
    answer.waits(0.0)
    assert not answer.is_stuck(5.0, unsent=0)
    assert answer.since is None
    assert not answer.is_stuck(20.0, unsent=MUCH)
    assert answer.since == 20.0
