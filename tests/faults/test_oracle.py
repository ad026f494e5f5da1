"""The oracle says no to every way in which delivery can go wrong."""

from collections.abc import Sequence
from typing import Any

from tests.conformance.event_log import Event
from tests.faults.oracle import Confirmation, Oracle, Verdict

TOPIC = "shallow:a"


def confirmed(epoch: str, offsets: range, at: float = 0.0) -> list[Confirmation]:
    return [Confirmation(TOPIC, f"{epoch}{o}", o, epoch, at, at) for o in offsets]


def subscribed(offset: int, epoch: str, *, recovered: bool | None = None, at: float = 9.0) -> Event:
    position = {"offset": offset, "epoch": epoch}
    flags = {"wasRecovering": recovered is not None, "recovered": bool(recovered)}
    return event("subscribed", streamPosition=position, at=at, **flags)


def publications(epoch: str, offsets: Sequence[int]) -> list[Event]:
    return [event("publication", offset=o, data={"uid": f"{epoch}{o}"}, at=9.0) for o in offsets]


def event(type_: str, **fields: Any) -> Event:
    return {"client": "c", "channel": TOPIC, "type": type_, **fields}


def judge(confirmations: list[Confirmation], log: list[Event]) -> Verdict:
    """Redis restarted at 0.5."""
    verdict = Verdict()
    Oracle(confirmations, {"shallow": 5}, [0.5]).judge(log, verdict)
    return verdict


def test_a_whole_stream_is_right() -> None:
    """Else every run would be red."""
    log = [subscribed(2, "a"), *publications("a", [3, 4])]
    log += [subscribed(4, "a", recovered=True), *publications("a", [5, 6])]
    verdict = judge(confirmed("a", range(1, 7)), log)
    assert verdict.wrong == []
    assert (verdict.delivered, verdict.recovered) == (4, 1)


def test_a_lost_one_is_seen_in_the_middle_and_at_the_end() -> None:
    """The last publication of a topic has no later one that would give its loss away."""
    truth = confirmed("a", range(1, 5))
    assert "lost: 4" in judge(truth, [subscribed(0, "a"), *publications("a", [1, 2, 4])]).wrong[0]
    assert "at the end" in judge(truth, [subscribed(0, "a"), *publications("a", [1, 2])]).wrong[0]


def test_a_duplicate_and_a_swap_are_seen() -> None:
    """A counter on a page would go back."""
    truth = confirmed("a", range(1, 4))
    for offsets in ([1, 1, 2, 3], [1, 3, 2]):
        assert judge(truth, [subscribed(0, "a"), *publications("a", offsets)]).wrong


def test_a_gap_is_right_only_where_it_could_not_be_helped() -> None:
    """A service that always says "gap" would keep the contract and be of no use."""
    truth = confirmed("a", range(1, 11))
    for offset, is_right in ((4, True), (5, False)):
        log = [subscribed(offset, "a"), subscribed(10, "a", recovered=False)]
        verdict = judge(truth, log)
        assert verdict.gaps_announced == 1
        assert verdict.gaps_unavoidable == int(is_right)
        assert bool(verdict.wrong) != is_right


def test_a_client_that_was_ahead_of_a_restored_redis_must_be_told() -> None:
    """Redis went back to 3: whoever saw 5 has seen what never was."""
    truth = confirmed("a", range(1, 6)) + confirmed("b", range(4, 7), at=1.0)
    start = [subscribed(0, "a"), *publications("a", [1, 2, 3, 4, 5])]
    told = [*start, subscribed(5, "b", recovered=False), *publications("b", [6])]
    assert judge(truth, told).wrong == []
    assert judge(truth, told).gaps_unavoidable == 1
    silent = [*start, subscribed(5, "b", recovered=True), *publications("b", [6])]
    assert "taken back" in judge(truth, silent).wrong[0]
    unnoticed = [*start, *publications("b", [6])]
    assert "nothing was published" in judge(truth, unnoticed).wrong[0]


def test_what_redis_took_back_before_it_answered_may_have_been_heard() -> None:
    """Its publisher, without an answer, has published it again at another offset."""
    truth = confirmed("a", range(1, 4)) + confirmed("b", range(3, 6), at=1.0)
    unanswered = event("publication", offset=4, data={"uid": "b5"}, at=0.4)
    log = [subscribed(3, "a"), unanswered, subscribed(5, "b", recovered=False)]
    assert judge(truth, log).wrong == []


def test_a_gap_before_the_restart_is_not_excused_by_it() -> None:
    """Else every needless gap would hide behind a later restart."""
    truth = confirmed("a", range(1, 6)) + confirmed("b", range(4, 7), at=1.0)
    for at, is_right in ((0.4, False), (0.6, True)):
        log = [subscribed(4, "a"), subscribed(5, "a", recovered=False, at=at)]
        log += [subscribed(6, "b", recovered=False)]
        assert bool(judge(truth, log).wrong) != is_right


def test_a_client_that_was_not_ahead_goes_on_without_a_gap() -> None:
    """A restart that took nothing from it is none of its business."""
    truth = confirmed("a", range(1, 6)) + confirmed("b", range(4, 7), at=1.0)
    log = [subscribed(0, "a"), *publications("a", [1, 2, 3]), subscribed(3, "b", recovered=True)]
    assert judge(truth, [*log, *publications("b", [4, 5, 6])]).wrong == []
    gap = [*log[:-1], subscribed(6, "b", recovered=False)]
    assert "that was none" in judge(truth, gap).wrong[0]


def test_what_a_client_published_must_be_there_once_and_in_its_order() -> None:
    """A chat that swallows a line, says it twice, or shows the answer before the question."""
    kept = [
        Confirmation(TOPIC, f"client c-{n}", offset, "a", 0.0, 0.0)
        for n, offset in ((1, 1), (2, 2), (4, 4), (5, 3))
    ]
    twice = [*kept, Confirmation(TOPIC, "client c-1", 9, "a", 0.0, 0.0)]

    def judged(confirmations: list[Confirmation], *numbers: int) -> list[str]:
        verdict = Verdict()
        oracle = Oracle(confirmations, {"shallow": 5}, [])
        log = [event("confirmed", uid=f"client c-{n}", at=1.0) for n in numbers]
        oracle.judge_clients_own(log, [(2.0, 3.0)], verdict)
        assert verdict.confirmed_to_clients == len(numbers)
        return verdict.wrong + oracle.doubles

    assert judged(kept, 1, 2, 4) == []
    assert "client c-3 was confirmed" in judged(kept, 1, 2, 3)[0]
    assert "client c-5 before client c-4" in judged(kept, 4, 5)[0]
    assert judged(twice, 1, 2) == ["client c-1"]


def test_what_redis_lost_with_its_confirmation_is_not_asked_of_the_service() -> None:
    """Between a snapshot and the end of a Redis."""
    log = [event("confirmed", uid="client c-7", at=2.5)]
    verdict = Verdict()
    Oracle(confirmed("a", range(1, 3)), {"shallow": 5}, []).judge_clients_own(
        log, [(2.0, 3.0)], verdict
    )
    assert verdict.wrong == []
