from ws_service.quiet import KINDS_LIMIT, PAUSE_S, Quiet


def test_a_kind_of_trouble_is_said_once_a_minute() -> None:
    """A log that is full of one thing hides all others."""
    quiet = Quiet()
    said = [quiet.may_say("policy", float(second)) for second in range(0, 180, 10)]
    assert sum(said) == 3
    assert quiet.may_say("another", 0.0)


def test_what_is_remembered_is_bounded() -> None:
    """Whatever the kinds are made of."""
    quiet = Quiet()
    for number in range(3 * KINDS_LIMIT):
        assert quiet.may_say(number, 0.0)
    assert len(quiet._said_s) <= KINDS_LIMIT
    assert quiet.may_say(3 * KINDS_LIMIT - 1, PAUSE_S)
