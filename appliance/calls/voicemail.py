"""A caller leaves a message: greeting, beep, recording, and the chance to hear it and begin again.

| while        | keys                                                          |
|--------------|---------------------------------------------------------------|
| the greeting | * asks for the PIN and lets an owner listen, others skip it   |
| recording    | # ends it                                                     |
| the question | 1 listen, 2 again from the start, 3 or # keep                 |

Whoever hangs up has left what was recorded so far. What is known of the message stands in `Story.draft`, so a
brain that was restarted goes on with it; the engine never stopped to record.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

from appliance.calls.ask_key import ask_digits, ask_key, forget_keys
from appliance.calls.call import Call, short
from appliance.calls.centre import Centre
from appliance.calls.language import language_of
from appliance.calls.message_ear import Ear
from appliance.calls.speak import speak
from appliance.calls.story import Stage, Story
from appliance.calls.voicemail_listen import listen
from appliance.config.section import Destination
from appliance.config.voicemail import Mailbox
from appliance.events import Event
from appliance.media.held import wav_seconds
from appliance.voicemail_events import (
    MailboxEntered,
    MessageBegun,
    MessageDropped,
    MessageFile,
    MessageLeft,
    MessageRecorded,
    PinRefused,
)

log = logging.getLogger(__name__)

FREE_BYTES = 64 << 20  # a disk with less takes no messages; conversations need it
LOOK_SECONDS = 1.0
IDLE_LOOKS = 8  # the recorder writes twice a second; a file that stands still so long is on a full disk
KEY_SECONDS = 5.0
PIN_TRIES = 3
BEEP = "!1000/300"
BEEP_SECONDS = 0.3


async def take_message(call: Call, name: str, centre: Centre) -> Destination | None:
    """Until a message is kept or none is wanted (None), or the caller goes on elsewhere."""
    box, story = centre.config.voicemail[name], call.story
    if story.stage is not Stage.MESSAGE or story.mailbox != name:
        call.note(MailboxEntered(call_id=call.id, mailbox=name))
    if story.draft is None:
        why = await _closed(name, box, centre)
        if why:
            log.warning("mailbox %s: call %s cannot leave a message: %s", name, call.id, why)
            await _say(call, why, centre)
            return box.otherwise
        if await _greet(call, name, box, centre):
            return None
    ending = ""
    try:
        while True:
            ending = await _record(call, name, box, centre)
            if ending or not await _again(call, centre):
                break
            _drop(call.story, name, "recorded again", call.note)
    finally:
        settle(call.story, box, call.note)
    if ending or story.message_left:
        await _say(call, ending or "voicemail-kept", centre)
    return None


async def _closed(name: str, box: Mailbox, centre: Centre) -> str:
    """The prompt that says why nothing can be left now; "" when it can."""
    if centre.mailboxes.count(name) >= box.most_messages:
        return "voicemail-full"
    try:
        free = await centre.aside(_free_bytes, centre.mailboxes.folder / name)
    except OSError as error:
        log.error("mailbox %s: %s cannot be used: %s", name, centre.mailboxes.folder, error)
        return "voicemail-unavailable"
    return "" if free >= FREE_BYTES else "voicemail-unavailable"


def _free_bytes(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(folder).free


async def _greet(call: Call, name: str, box: Mailbox, centre: Centre) -> bool:
    """The greeting, unless a key is pressed; True for an owner, who has listened."""
    forget_keys(call.leg)
    files = centre.prompt(box.greeting) or _files(call, "voicemail-greeting", centre)
    key = await ask_key(call.leg, call.port, files, centre, wait_seconds=0)
    if key != "*" or not box.pin or not await _pin_given(call, name, box, centre):
        return False
    await listen(call.leg, call.port, [name], "pin", centre, language=language_of(call, centre))
    return True


async def _pin_given(call: Call, name: str, box: Mailbox, centre: Centre) -> bool:
    prompt = "voicemail-pin"
    for _ in range(PIN_TRIES):
        if centre.mailboxes.is_locked(name, centre.clock.wall()):
            log.warning("mailbox %s: too many wrong PINs, %s may not listen", name, short(call.story.caller))
            break
        files = _files(call, prompt, centre)
        most = len(box.pin)
        given = await ask_digits(call.leg, call.port, files, centre, most=most, wait_seconds=KEY_SECONDS)
        if given == box.pin:
            return True
        centre.bus.publish(PinRefused(mailbox=name))
        prompt = "voicemail-wrong-pin"
    return False


async def _record(call: Call, name: str, box: Mailbox, centre: Centre) -> str:
    """From the beep to the end of the message, or on from where a restart found it: what is said last."""
    story = call.story
    if story.draft is None:
        forget_keys(call.leg)
        with centre.media.signal(f"{call.id}/beep", call.port, BEEP):
            await asyncio.sleep(BEEP_SECONDS)
        message = f"{call.id}-{centre.clock.wall() - story.arrived_s:.0f}"  # seconds into the call
        call.note(MessageBegun(call_id=call.id, mailbox=name, message=message))
    draft = story.draft
    if draft is None or draft.seconds is not None:
        return ""
    id = draft.message
    try:
        with centre.media.recording(
            id,
            folder=centre.mailboxes.folder / name,
            left=call.port,
            right=call.port,
            path=Path(draft.paths[-1]) if draft.paths else None,
            started=lambda path: call.note(MessageFile(call_id=call.id, message=id, path=path)),
            ended=lambda *_: None,
        ):
            return await _until_spoken(call, box, centre, draft.begun_s + box.most_seconds)
    finally:
        seconds = round(max(0.0, centre.clock.wall() - draft.begun_s), 1)
        call.note(MessageRecorded(call_id=call.id, message=id, seconds=seconds))


async def _until_spoken(call: Call, box: Mailbox, centre: Centre, until_wall_s: float) -> str:
    """Until #, silence, the longest time or a full disk; the prompt to end with where it says something."""
    ear, key = Ear(), asyncio.ensure_future(call.leg.digits.get())
    try:
        while (left := until_wall_s - centre.clock.wall()) > 0:
            await asyncio.wait({key}, timeout=min(LOOK_SECONDS, left))
            if key.done():
                if key.result() == "#":
                    break
                key = asyncio.ensure_future(call.leg.digits.get())
                continue
            paths = call.story.draft.paths if call.story.draft else ()
            await centre.aside(ear.look, Path(paths[-1]) if paths else None)
            if 0 < box.silence_seconds <= ear.silent_seconds:
                break
            if ear.idle_looks >= IDLE_LOOKS and centre.media.connected:
                log.error("mailbox of call %s: the message cannot be written. Make room on the disk", call.id)
                return "voicemail-unavailable"
    finally:
        key.cancel()
    return ""


async def _again(call: Call, centre: Centre) -> bool:
    """Let the caller hear the message; True to begin it again."""
    files = question = _files(call, "voicemail-review", centre)
    draft = call.story.draft
    while draft is not None:
        key = await ask_key(call.leg, call.port, files, centre, wait_seconds=KEY_SECONDS)
        if key == "1":
            files = [*(Path(path) for path in draft.paths), *question]
        elif key == "2":
            return True
        elif key in ("", "3", "#"):
            return False
    return False


Note = Callable[[Event], None]


def settle(story: Story, box: Mailbox | None, note: Note) -> None:
    """Whatever became of the caller: what was recorded is kept, unless it is too short. Does not wait."""
    draft = story.draft
    if draft is None:
        return
    least = box.least_seconds if box is not None else 0.0
    seconds = draft.seconds if draft.seconds is not None else _written(draft.paths)
    if seconds < least or not draft.paths:
        _drop(story, story.mailbox, f"only {seconds:g} s long", note)
        return
    log.info("mailbox %s: message %s, %g s", story.mailbox, draft.message, seconds)
    note(
        MessageLeft(
            call_id=story.call_id,
            mailbox=story.mailbox,
            message=draft.message,
            seconds=seconds,
            caller=story.caller,
            line=story.line,
            paths=list(draft.paths),
            notify=to_be_told(box),
        )
    )


def settle_message(story: Story, centre: Centre) -> None:
    """As `settle`, for a call that was over when the brain came back."""
    box = centre.config.voicemail.get(story.mailbox)
    settle(story, box, lambda event: story.apply(centre.bus.publish(event)))


def to_be_told(box: Mailbox | None) -> list[str]:
    """Everybody who is told of a new message, as `MessageLeft.notify` has it."""
    if box is None:
        return []
    return [
        *(f"sms:{number}" for number in box.sms_to),
        *(f"mail:{address}" for address in box.mail_to),
        *(["hook:"] if box.hook else []),
    ]


def _files(call: Call, name: str, centre: Centre) -> list[Path]:
    """A prompt in the caller's language."""
    return centre.prompt(name, language=language_of(call, centre))


async def _say(call: Call, name: str, centre: Centre) -> None:
    await speak(f"{call.id}/say", call.port, name, centre, language=language_of(call, centre))


def _drop(story: Story, mailbox: str, why: str, note: Note) -> None:
    if story.draft is not None:
        message, paths = story.draft.message, list(story.draft.paths)
        note(MessageDropped(call_id=story.call_id, mailbox=mailbox, message=message, why=why, paths=paths))


def _written(paths: tuple[str, ...]) -> float:
    return round(sum(wav_seconds(Path(path)) for path in paths), 1)
