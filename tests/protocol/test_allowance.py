"""So much at once, so much a second in the long run."""

from ws_service.protocol.allowance import Allowance


def test_a_burst_is_allowed_and_then_the_rate() -> None:
    """A page that opens sends much at once."""
    allowance = Allowance(burst=3, per_s=1.0)
    assert [allowance.take(1, 0.0) for _ in range(4)] == [True, True, True, False]
    assert [allowance.take(1, 1.0) for _ in range(2)] == [True, False]


def test_who_is_a_little_too_fast_is_not_locked_out() -> None:
    """Four tries a second where two are allowed: every other one gets through, for ever."""
    allowance = Allowance(burst=2, per_s=2.0)
    taken = [allowance.take(1, n / 4) for n in range(400)]
    assert 200 <= sum(taken) <= 202


def test_what_was_not_used_does_not_pile_up() -> None:
    """An hour's silence is no licence for an hour's publications."""
    allowance = Allowance(burst=2, per_s=2.0)
    assert [allowance.take(1, 3_600.0) for _ in range(3)] == [True, True, False]
