"""One call's story, told by events alone.

`Story.apply` is the only thing that changes a story, so replaying the journal gives the same one; a brain
that was restarted continues from it.
"""

from __future__ import annotations

import enum
import logging
from dataclasses import dataclass, field

from appliance.calls.call_back_state import CallBack, after
from appliance.calls.party import Who
from appliance.calls.record_state import RecordState
from appliance.calls.record_state import after as record_after
from appliance.emergency_events import CallDiverted
from appliance.events import (
    TRANSFERRED,
    AgentOffered,
    CallAnswered,
    CallArrived,
    CallConnected,
    CallEnded,
    CallInherited,
    CallQueued,
    CallResumed,
    Direction,
    MenuEntered,
    MenuLeft,
    OfferEnded,
    OfferResult,
    Outcome,
    PartyMissed,
    PartyRung,
    RecordingEnded,
    RecordingStarted,
    Stamped,
    TalkEnded,
    ThirdJoined,
    ThirdLeft,
    TransferEnded,
    TransferStarted,
)
from appliance.flow_events import CallerTexted, FactLearned, FlowEntered, FlowLeft
from appliance.voicemail.draft import Draft
from appliance.voicemail.draft import after as draft_after
from appliance.voicemail_events import (
    MailboxEntered,
    MessageBegun,
    MessageDropped,
    MessageFile,
    MessageLeft,
    MessageRecorded,
)
from appliance.wait_events import (
    CallBackTaken,
    CallBackTried,
    PutThrough,
    QueueLeft,
    QueueRefused,
    WaitPromised,
)

log = logging.getLogger(__name__)


class Stage(enum.Enum):
    """How far a call has come."""

    RINGING = "ringing"
    DIALLING = "dialling"  # an agent calls, nobody has answered yet
    ANSWERED = "answered"
    MENU = "menu"
    WAITING = "waiting"
    OFFERED = "agent ringing"
    PUT_THROUGH = "put through outside"
    MESSAGE = "leaving a message"
    TALKING = "talking"
    TRANSFER = "being transferred"
    ENDING = "ending"  # the conversation is over, the line not yet free
    ENDED = "ended"


STAGE_MOVES: dict[Stage, frozenset[Stage]] = {
    # WAITING: a call-back, for which nobody rings
    Stage.RINGING: frozenset({Stage.DIALLING, Stage.ANSWERED, Stage.WAITING, Stage.ENDED}),
    Stage.DIALLING: frozenset({Stage.TALKING, Stage.ENDED}),
    Stage.ANSWERED: frozenset({Stage.MENU, Stage.WAITING, Stage.MESSAGE, Stage.PUT_THROUGH, Stage.ENDED}),
    Stage.MENU: frozenset({Stage.WAITING, Stage.MESSAGE, Stage.PUT_THROUGH, Stage.ENDED}),
    Stage.WAITING: frozenset({Stage.OFFERED, Stage.MENU, Stage.MESSAGE, Stage.PUT_THROUGH, Stage.ENDED}),
    Stage.PUT_THROUGH: frozenset({Stage.TALKING, Stage.ENDED}),
    Stage.MESSAGE: frozenset({Stage.MENU, Stage.WAITING, Stage.ENDED}),  # a full mailbox leads on
    Stage.OFFERED: frozenset({Stage.WAITING, Stage.TALKING, Stage.MESSAGE, Stage.ENDED}),
    Stage.TALKING: frozenset({Stage.TRANSFER, Stage.ENDING}),
    # WAITING: whoever was rung, and the agent, were lost with the brain
    Stage.TRANSFER: frozenset({Stage.TALKING, Stage.WAITING, Stage.ENDING, Stage.ENDED}),
    # WAITING: the agent's leg was lost, or a transfer led to a queue; TALKING: with somebody else
    # MENU: questions after the conversation
    Stage.ENDING: frozenset({Stage.TALKING, Stage.WAITING, Stage.MESSAGE, Stage.MENU, Stage.ENDED}),
    Stage.ENDED: frozenset(),
}


@dataclass(slots=True)
class Story:
    """What is known of a call; `arrived_s` is wall-clock seconds since 1970, `place` monotonic seconds.

    `leg_id`, `line` and `maker` (an agent) tell whose call it is now. `offered` says that `agent` was found
    by a queue and is TALKING; `next_to` is where a menu or a transfer sent the caller. `node` is where in a
    flow the caller is, as "main/ask"; `facts` are what is known of the call, `texts` counts messages sent.
    """

    call_id: str
    stage: Stage = Stage.RINGING
    since_mono_s: float = 0.0  # when the stage began
    direction: Direction = Direction.IN
    line: str = ""
    leg_id: str = ""
    maker: str = ""
    caller: str = ""
    called: str = ""
    arrived_s: float = 0.0
    menu: str = ""
    node: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    texts: int = 0
    next_to: str = ""
    queue: str = ""
    place: float = 0.0
    joined: float = 0.0  # when the queue was entered, monotonic s
    agent: str = ""
    ringing: frozenset[str] = frozenset()  # agents rung for a queue
    offered: bool = False
    other: Who | None = None  # whom the caller speaks with
    third: Who | None = None
    conference: bool = False
    rung: Who | None = None  # whoever is rung, outside a queue
    tried: bool = False  # somebody was, or was busy
    dialled: frozenset[str] = frozenset()  # legs over lines that we dialled
    connected_s: float = 0.0  # wall clock, of the present conversation
    talked: bool = False
    mailbox: str = ""
    draft: Draft | None = None  # a message that is being left
    message_left: bool = False
    diverted: str = ""  # where an emergency sent the caller
    recordings: tuple[str, ...] = ()  # the files that are being written
    record: RecordState = field(default_factory=RecordState)
    promised: WaitPromised | None = None  # the last time told how long it takes
    refused: bool = False  # a queue did not let the caller in
    call_back: str = ""  # the call that keeps the caller's place instead
    back: CallBack | None = None  # what this call is to be, when the box makes it by itself
    outcome: str = ""

    def apply(self, stamped: Stamped) -> None:
        """Let one more event of this call happen."""
        self.record = record_after(self.record, stamped.event)
        match stamped.event:
            case CallArrived():
                self._arrive(stamped.event, stamped)
            case CallAnswered() if self.direction is Direction.IN:
                self._move(Stage.ANSWERED, stamped)
            case MenuEntered(menu=menu):
                self._move(Stage.MENU, stamped)
                self.menu, self.node, self.next_to = menu, "", ""
            case MenuLeft(to=to):
                self.next_to = to
            case CallQueued(queue=queue, place=place):
                self._move(Stage.WAITING, stamped)
                self.queue, self.place, self.agent, self.next_to = queue, place, "", ""
                self.joined = stamped.mono_s
            case AgentOffered(agent=agent):
                self._move(Stage.OFFERED, stamped)
                self.agent, self.ringing = agent, self.ringing | {agent}
            case OfferEnded(agent=agent, result=result):
                self.ringing -= {agent}
                if result != OfferResult.ANSWERED.value and not self.ringing:
                    self._move(Stage.WAITING, stamped)
                    self.agent = ""
            case CallResumed():
                self.ringing = frozenset()
            case RecordingStarted(path=path):
                self.recordings = (*self.recordings, path)
            case RecordingEnded(path=path):
                self.recordings = tuple(other for other in self.recordings if other != path)
            case MailboxEntered(mailbox=mailbox):
                self._move(Stage.MESSAGE, stamped)
                self.mailbox, self.next_to = mailbox, ""
            case MessageBegun() | MessageFile() | MessageRecorded() | MessageDropped() | MessageLeft():
                self.draft = draft_after(self.draft, stamped)
                self.message_left = self.message_left or isinstance(stamped.event, MessageLeft)
            case CallDiverted(to=to):
                self.diverted = to
            case CallEnded(outcome=outcome):
                self._move(Stage.ENDED, stamped)
                self.outcome = outcome
            case _:
                self._apply_flow(stamped)
                self._apply_wait(stamped)
                self._apply_talk(stamped)

    def _apply_flow(self, stamped: Stamped) -> None:
        match stamped.event:
            case FactLearned(name=name, value=value):
                self.facts[name] = value
                if not value:
                    del self.facts[name]
            case FlowEntered(flow=flow, node=node):
                self._move(Stage.MENU, stamped)
                self.menu, self.node, self.next_to = "", f"{flow}/{node}", ""
            case FlowLeft(to=to):
                self.next_to = to
            case CallerTexted(why=""):
                self.texts += 1

    def _apply_wait(self, stamped: Stamped) -> None:
        match stamped.event:
            case QueueRefused(to=to):
                self.next_to, self.refused = to, True
            case QueueLeft(to=to):
                self.next_to = to
            case PutThrough(number=number):
                self._move(Stage.PUT_THROUGH, stamped)
                self.next_to = f"number:{number}"
            case CallBackTaken(call_back=call_back):
                self.call_back, self.next_to = call_back, "hangup"
            case WaitPromised():
                self.promised = stamped.event
            case CallBackTried():
                self._move(Stage.WAITING, stamped)
                self.agent, self.rung = "", None
        self.back = after(self.back, stamped)

    def _apply_talk(self, stamped: Stamped) -> None:
        match stamped.event:
            case PartyRung(leg_id=leg_id, agent=agent, number=number, line=line):
                self.rung, self.tried = Who(leg_id, agent, number, line), True
                self.dialled |= {leg_id} if line else set()
            case PartyMissed(agent=agent):
                self.rung, self.tried = None, self.tried or bool(agent)
            case CallConnected(leg_id=leg_id, agent=agent, number=number, line=line, queue=queue):
                self._move(Stage.TALKING, stamped)
                self.other, self.rung, self.talked = Who(leg_id, agent, number, line), None, True
                self.agent, self.offered, self.connected_s = agent, bool(queue and agent), stamped.wall_s
                self.next_to = ""
                if self.third is not None and self.third.leg_id == leg_id:
                    self.third = None
            case TransferStarted(to=to):
                self._move(Stage.TRANSFER, stamped)
                self.next_to = to
            case TransferEnded(result=result):
                self._end_transfer(result, stamped)
            case ThirdJoined(leg_id=leg_id, agent=agent, number=number, line=line, conference=all_hear):
                self.third, self.rung, self.conference = Who(leg_id, agent, number, line), None, all_hear
            case ThirdLeft():
                self.third = None
            case CallInherited(leg_id=leg_id, agent=agent, number=number, line=line):
                self.leg_id, self.line, self.maker = leg_id, line, agent
                self.caller = number or agent
            case TalkEnded():
                self.other, self.offered = None, False
                if self.stage is Stage.TALKING:
                    self._move(Stage.ENDING, stamped)

    def _arrive(self, event: CallArrived, stamped: Stamped) -> None:
        self.line, self.leg_id, self.maker = event.line, event.leg_id, event.agent
        self.caller, self.called = event.caller, event.called
        self.direction = Direction(event.direction)
        self.arrived_s = stamped.wall_s
        self.place = self.since_mono_s = stamped.mono_s
        if self.direction in (Direction.OUT, Direction.DIRECT):
            self._move(Stage.DIALLING, stamped)

    def _end_transfer(self, result: str, stamped: Stamped) -> None:
        if self.stage is Stage.TRANSFER:  # nobody new was connected
            self._move(Stage.TALKING if self.other is not None else Stage.ENDING, stamped)
        if result != TRANSFERRED:
            self.next_to = ""

    def _move(self, stage: Stage, stamped: Stamped) -> None:
        """The one way a stage changes; a move the table forbids is a bug, logged and gone along with."""
        if stage is self.stage:
            return
        if stage not in STAGE_MOVES[self.stage]:
            log.error("call %s: %s -> %s is not a move", self.call_id, self.stage.value, stage.value)
        self.stage, self.since_mono_s = stage, stamped.mono_s

    @property
    def title(self) -> str:
        """What an agent's phone says beside the caller's number: the queue, or that it is a call-back."""
        return self.queue if self.back is None else f"call-back for {self.caller}"

    def outcome_if_ended(self, *, by_caller: bool, line_lost: bool) -> Outcome:
        """How the call counts if it ends now: exactly one outcome, whatever happened before."""
        if self.talked:
            return Outcome.ANSWERED
        if self.call_back:
            return Outcome.CALL_BACK
        if self.back is not None and self.back.result:
            return Outcome(self.back.result)
        if self.message_left:
            return Outcome.VOICEMAIL
        if line_lost:
            return Outcome.FAILED
        if self.stage is Stage.MESSAGE and self.queue:
            return Outcome.ABANDONED if by_caller else Outcome.BLOCKED
        if self.stage is Stage.DIALLING:
            tried = Outcome.UNANSWERED if self.tried else Outcome.BLOCKED
            return Outcome.ABANDONED if by_caller else tried
        if self.stage in (Stage.WAITING, Stage.OFFERED, Stage.PUT_THROUGH):
            return Outcome.ABANDONED if by_caller else Outcome.BLOCKED
        return Outcome.BLOCKED if self.refused else Outcome.MENU
