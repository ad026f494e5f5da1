"""Any order of commands, answers, pings and ends keeps what a client relies on."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.protocol.peer import frame, messages, session
from ws_service.protocol.codes import Disconnect, ReplyError, Unsubscribe
from ws_service.protocol.command_queue import AT_ONCE
from ws_service.protocol.effects import Ask, Close, Detach, Effect, Established, Write
from ws_service.protocol.messages import (
    HistoryResult,
    PresenceResult,
    PublishResult,
    Result,
    RPCResult,
    SubscribeResult,
)

CHANNELS = [f"c{n}" for n in range(12)]
# The first ones often, so that rows build up behind one channel.
CHANNEL = st.sampled_from(CHANNELS[:2] * 6 + CHANNELS)
ERROR = st.none() | st.none() | st.sampled_from(ReplyError)
RESULTS: dict[str, Result] = {
    "subscribe": SubscribeResult(),
    "history": HistoryResult([], "e", 0),
    "publish": PublishResult(),
    "presence": PresenceResult({}),
    "rpc": RPCResult(),
}
ORDERED = ("subscribe", "unsubscribe", "history", "publish", "presence")
KIND = st.sampled_from((*ORDERED * 2, "subscribe", "unsubscribe", "rpc"))
SPREAD = st.permutations(CHANNELS).flatmap(
    lambda channels: st.tuples(*(st.tuples(KIND, st.just(channel)) for channel in channels))
)
WANTED = st.lists(st.tuples(KIND, CHANNEL), min_size=1, max_size=14) | SPREAD


class SessionMachine(RuleBasedStateMachine):
    """A client that keeps to the protocol, and what it has been sent."""

    def __init__(self) -> None:
        super().__init__()
        self.session = session(subscriptions=11)
        self.next_id = 1
        self.unanswered: dict[int, tuple[str, str]] = {}
        # Per channel, the ids whose replies must come in this order.
        self.rows: dict[str, list[int]] = defaultdict(list)
        self.running: dict[int, tuple[str, str]] = {}
        self.attached: set[str] = set()
        self.revoked: set[int] = set()
        self.pings_open = 0
        self.is_established = False
        self.is_closed = False

    # --- what the client and the server do -------------------------------------------------

    @rule()
    @precondition(lambda self: not self.is_established and not self.is_closed)
    def connect(self) -> None:
        self.unanswered[self.next_id] = ("connect", "")
        self.receive({"id": self.take_id(), "connect": {}})

    @rule(wanted=WANTED)
    @precondition(lambda self: self.is_established)
    def command(self, wanted: Sequence[tuple[str, str]]) -> None:
        commands = []
        for kind, channel in wanted:
            command_id = self.take_id()
            if not self.is_closed:
                self.unanswered[command_id] = (kind, channel)
                if kind in ORDERED:
                    self.rows[channel].append(command_id)
            commands.append({"id": command_id, kind: {"channel": channel}})
        self.receive(*commands)

    @rule(chance=st.randoms(use_true_random=False), error=ERROR)
    @precondition(lambda self: self.running)
    def answer(self, chance: Any, error: ReplyError | None) -> None:
        self.answer_one(chance.choice(sorted(self.running)), error)

    @rule(command_id=st.integers(1, 60))
    def answer_nobody(self, command_id: int) -> None:
        if command_id not in self.running:
            assert self.session.failed(command_id, ReplyError.INTERNAL) == []
            assert self.session.answered(command_id, SubscribeResult()) == []

    @rule()
    def ping(self) -> None:
        effects = self.session.ping_due()
        if effects:
            self.pings_open = 1
        self.observe(effects)

    @rule()
    @precondition(lambda self: self.pings_open)
    def pong(self) -> None:
        self.pings_open = 0
        self.receive({})

    @rule()
    @precondition(lambda self: not self.pings_open)
    def pong_in_time(self) -> None:
        assert self.session.pong_due() == []

    @rule(channel=CHANNEL, end=st.sampled_from(Unsubscribe))
    def lose_position(self, channel: str, end: Unsubscribe) -> None:
        was_attached = channel in self.attached
        self.revoked |= {i for i, asked in self.running.items() if asked == ("subscribe", channel)}
        effects = self.session.unsubscribe(channel, end)
        assert bool(effects) is was_attached
        self.observe(effects)

    # --- ends, now and then ------------------------------------------------------------------

    @rule(chance=st.integers(0, 9))
    def server_ends(self, chance: int) -> None:
        if chance == 0:
            self.observe(self.session.disconnect(Disconnect.SHUTDOWN))
            assert self.is_closed

    @rule(chance=st.integers(0, 9))
    def client_leaves(self, chance: int) -> None:
        if chance == 0:
            self.session.lost()
            self.forget()

    @rule(chance=st.integers(0, 9), nonsense=st.sampled_from([{"id": 99_999}, {"ping": {}}, 7]))
    @precondition(lambda self: len(self.running) < AT_ONCE)  # else it waits its turn
    def client_breaks_the_protocol(self, chance: int, nonsense: Any) -> None:
        if chance == 0 and not self.pings_open:
            self.receive(nonsense, {"id": 99_998, "subscribe": {"channel": CHANNELS[0]}})
            assert self.is_closed

    # --- what must hold --------------------------------------------------------------------

    @invariant()
    def agrees_with_the_session(self) -> None:
        assert self.session.is_closed is self.is_closed
        assert self.session.subscriptions == self.attached
        assert len(self.running) <= AT_ONCE
        if len(self.running) < AT_ONCE:
            # Nothing waits without a reason: only behind its own channel.
            busy = {channel for _, channel in self.running.values()}
            waiting = {channel for _, channel in self.unanswered.values()}
            assert waiting <= busy or not self.is_established

    def teardown(self) -> None:
        """Every command with an id gets its reply, unless the connection ended."""
        while self.running:
            self.answer_one(min(self.running), None)
        assert self.unanswered == {}

    # --- bookkeeping -----------------------------------------------------------------------

    def take_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def receive(self, *commands: dict[str, Any]) -> None:
        self.observe(self.session.receive(frame(*commands), 0.0))

    def answer_one(self, command_id: int, error: ReplyError | None) -> None:
        kind, channel = self.running.pop(command_id)
        if error is not None and kind != "connect":
            effects = self.session.failed(command_id, error)
        elif kind == "connect":
            effects = self.session.connected(command_id, {})
        else:
            if kind == "subscribe":
                self.attached.add(channel)
            effects = self.session.answered(command_id, RESULTS[kind])
        # The reply first: pushes before it would be dropped. What was revoked gets none of them.
        if kind == "subscribe" and error is None and command_id in self.revoked:
            assert effects[0] == Detach(channel)
        else:
            assert isinstance(effects[0], Write)
        self.revoked.discard(command_id)
        self.observe(effects)

    def observe(self, effects: list[Effect]) -> None:
        for effect in effects:
            assert not self.is_closed, "nothing follows a close"
            match effect:
                case Write():
                    for message in messages([effect]):
                        self.hear(message)
                case Ask():
                    self.start(effect)
                case Detach(channel):
                    self.attached.remove(channel)
                case Established():
                    self.is_established = True
                case Close():
                    assert self.attached == set(), "topics hold connections that are gone"
                    self.forget()

    def hear(self, message: dict[str, Any]) -> None:
        if "push" in message:
            assert message["push"]["channel"] not in self.attached, "detach before the news"
        elif "id" in message:
            assert len(message) == 2
            kind, channel = self.unanswered.pop(message["id"])
            assert kind in message or "error" in message
            if kind in ORDERED:
                assert self.rows[channel].pop(0) == message["id"], "out of the channel's order"

    def start(self, ask: Ask) -> None:
        kind, channel = self.unanswered[ask.command_id]
        if kind in ORDERED:
            assert getattr(ask.request, "channel", None) == channel
            assert self.rows[channel][0] == ask.command_id, "out of the channel's order"
            busy = {each for other, each in self.running.values() if other in ORDERED}
            assert channel not in busy, "two at once"
        self.running[ask.command_id] = (kind, channel)

    def forget(self) -> None:
        """The connection has ended: nobody waits for anything."""
        self.is_closed = True
        self.is_established = False
        self.pings_open = 0
        for each in (self.unanswered, self.rows, self.running, self.attached, self.revoked):
            each.clear()


TestSessionMachine = SessionMachine.TestCase
TestSessionMachine.settings = settings(
    max_examples=150,
    stateful_step_count=30,
    # No limits of time: a busy machine is no bug.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
