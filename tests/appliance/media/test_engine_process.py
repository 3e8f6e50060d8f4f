"""The engine as a process: its socket, a worker's page, a modem on a pty, and being killed."""

import asyncio
import os
import pty
import signal
import time
import tty
import wave

import numpy as np
import pytest

from drivers.wire import WireError
from dsp import wav
from tests.appliance.media.process_rig import RATE, bridged, engine, strength, tone

pytestmark = [pytest.mark.slow, pytest.mark.realtime, pytest.mark.alone]


async def test_two_parties_hear_each_other_and_are_recorded(tmp_path):
    async with bridged(tmp_path) as (running, modem, worker):
        path = tmp_path / "rec" / "call.wav"
        await running.peer.request("record", record="c1", path=str(path), left="gsm-1", right="ana")
        await asyncio.sleep(1.5)
        reply = await running.peer.request("record.stop", record="c1")
        counters = await running.peer.request("counters")
    assert (reply["path"], reply["dropped_frames"]) == (str(path), 0)
    with wave.open(str(path)) as file:
        assert file.getnframes() / RATE == pytest.approx(reply["seconds"])
        sides = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)[-RATE // 2 :]
    assert strength(sides[:, 0], 500) > 6000
    assert strength(sides[:, 1], 1250) > 6000
    assert strength(sides[:, 0], 1250) < 300
    agent = np.concatenate([frame for frame in worker.heard[-25:] if frame is not None])
    assert strength(agent, 500) > 6000
    caller = np.frombuffer(modem.heard, "<i2")[-RATE // 2 :]
    assert strength(caller, 1250) == pytest.approx(4000, rel=0.15)
    assert {port["port"] for port in counters["ports"]} == {"gsm-1", "ana"}


async def test_the_brain_may_go_and_find_everything_as_it_was(tmp_path):
    async with bridged(tmp_path) as (running, _modem, worker):
        running.peer.close()
        worker.heard.clear()
        await asyncio.sleep(0.5)
        again = running.another()
        hello = await again.request("hello")
        _, fds = await again.request_fds("fd", port="gsm-1")
        assert os.isatty(fds[0])
        os.close(fds[0])
        again.close()
    state = hello["state"]
    assert hello["pid"] == running.process.pid
    assert state["workers"] == [{"worker": "sip-1", "attached": True}]
    assert [(port["port"], port["kind"], port["alive"]) for port in state["ports"]] == [
        ("gsm-1", "serial", True),
        ("ana", "slot", True),
    ]
    assert {(edge["src"], edge["dst"]): edge["gain_db"] for edge in state["edges"]} == {
        ("gsm-1", "ana"): 0.0,
        ("ana", "gsm-1"): -6.0,
    }
    assert max(frame.max() for frame in worker.heard if frame is not None) > 6000


@pytest.mark.parametrize("listened", [{"zone": "any"}, {"zone": "es"}, {"busy": "425/200,0/200"}])
async def test_the_busy_tone_of_a_line_is_told_and_its_end(tmp_path, listened):
    async with bridged(tmp_path) as (running, modem, _worker):
        steady = modem.sound
        modem.sound = np.concatenate([tone(425, 0.2), tone(0, 0.2)])  # Spain's
        await running.peer.request("progress", port="gsm-1", **listened)
        await running.until(lambda: [e for e in running.events if e["event"] == "tone_found"])
        modem.sound = steady
        await running.until(lambda: [e for e in running.events if e["event"] == "tone_ended"])
        state = await running.peer.request("state")
    found, ended = (event for event in running.events if event["event"].startswith("tone_"))
    assert (found["port"], found["tone"], ended["tone"]) == ("gsm-1", "busy", "busy")
    assert ended["end_sample"] > found["sample"]
    assert state["ports"][0]["progress"] == " ".join(listened.values())


async def test_want_23_a_voice_is_told_and_its_end(tmp_path):
    async with bridged(tmp_path) as (running, modem, _worker):
        steady, modem.sound = modem.sound, tone(0, 0.2)
        await asyncio.sleep(0.5)
        await running.peer.request("voice", port="gsm-1", on=True)
        modem.sound = steady
        await running.until(lambda: [e for e in running.events if e.get("sound") == "tone"])
        modem.sound = tone(0, 0.2)
        await running.until(lambda: [e for e in running.events if e.get("sound") == "quiet"])
        state = await running.peer.request("state")
        await running.peer.request("voice", port="gsm-1", on=False)
    told = [event for event in running.events if event["event"] == "voice"]
    assert {event["port"] for event in told} == {"gsm-1"}
    assert [event["sound"] for event in told][-1] == "quiet"
    assert [port["voice"] for port in state["ports"]] == [True, False]


async def test_an_unknown_zone_or_cadence_to_listen_for_is_refused(tmp_path):
    async with bridged(tmp_path) as (running, _modem, _worker):
        ask = running.peer.request
        with pytest.raises(WireError, match=r"zone 'dee': no file .* Did you mean '"):
            await ask("progress", port="gsm-1", zone="dee")
        with pytest.raises(WireError, match="busy cadence '425': expected one burst and one gap"):
            await ask("progress", port="gsm-1", busy="425")


async def test_everything_may_be_declared_again(tmp_path):
    async with bridged(tmp_path) as (running, modem, worker):
        ask = running.peer.request
        path = str(tmp_path / "c.wav")
        for _ in range(2):
            await ask("worker.attach", worker="sip-1", fds=[worker.page.fd])
            await ask("port.serial", port="gsm-1", fds=[modem.box])
            await ask("port.slot", port="ana", worker="sip-1", slot=0)
            await ask("connect", src="gsm-1", dst="ana", gain_db=-3.0)
            await ask("disconnect", src="ana", dst="gsm-1")
            await ask("dtmf", port="gsm-1", on=True)
            await ask("tone", play="t", to="ana", spec="440/200", gain_db=-6.0)
            await ask("record", record="r", path=path, left="gsm-1", right="")
        state = await ask("state")
        for _ in range(2):
            await ask("stop", play="t")
            await ask("port.close", port="ana")
            await ask("worker.detach", worker="sip-1")
        empty = await ask("state")
    assert state["edges"] == [{"src": "gsm-1", "dst": "ana", "gain_db": -3.0}]
    assert [(play["play"], play["to"], play["spec"]) for play in state["plays"]] == [("t", "ana", "440/200")]
    assert [(record["record"], record["path"]) for record in state["records"]] == [("r", path)]
    assert (empty["workers"], empty["edges"], empty["plays"]) == ([], [], [])


async def test_a_prompt_ends_with_an_event_for_everyone(tmp_path):
    prompt = tmp_path / "hello.wav"
    with wave.open(str(prompt), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(tone(440, 0.2).tobytes())
    async with bridged(tmp_path) as (running, _modem, _worker):
        other = running.another()
        await running.peer.request("play", play="p", to="gsm-1", files=[str(prompt), str(prompt)])
        await running.until(lambda: len(running.events) >= 2)
        other.close()
    assert running.events == [{"event": "played", "play": "p", "to": "gsm-1"}] * 2


async def test_an_unplugged_modem_is_told_and_the_engine_lives(tmp_path):
    async with engine(tmp_path) as running:
        far, near = pty.openpty()
        tty.setraw(near)
        await running.peer.request("port.serial", port="gsm-1", fds=[near])
        os.close(near)
        os.close(far)
        await running.until(lambda: running.events)
        assert running.events[0]["event"] == "port_lost"
        with pytest.raises(WireError, match="it was lost"):
            await running.peer.request("fd", port="gsm-1")
        assert (await running.peer.request("state"))["ports"][0]["alive"] is False


@pytest.mark.parametrize(
    ("op", "fields", "reason"),
    [
        ("nonsense", {}, "there is no op 'nonsense'"),
        ("connect", {"src": "x", "dst": "y"}, "there is no port 'x'"),
        ("port.serial", {"port": "a"}, "expected one descriptor"),
        ("port.slot", {"port": "a", "worker": "w", "slot": 0}, "attach it first"),
        ("play", {"play": "p", "to": 3, "files": []}, "expected text"),
        ("record", {"record": "r", "path": "a.wav", "left": "x"}, "an absolute path"),
        ("record.stop", {"record": "r"}, "there is no recording 'r'"),
        ("stop", {}, "expected text"),
        ("port.serial", {"port": "a", "coding": "mp3"}, "coding is 'mp3', expected one of s16le, ulaw"),
        ("port.serial", {"port": "a", "shielded": "yes"}, "shielded is 'yes', expected true or false"),
        ("port.serial", {"port": "a", "echo_tail_ms": 129}, "a whole number from 0 to 128"),
        ("port.serial", {"port": "a", "echo_tail_ms": 20.5}, "a whole number from 0 to 128"),
        ("port.serial", {"port": "a", "silence_seconds": -1}, "seconds from 0 to 3600"),
        ("port.serial", {"port": "a", "progress_zone": "dee"}, "zone 'dee': no file .* Did you mean '"),
        ("port.serial", {"port": "a", "progress_zone": 3}, 'expected text, "" for none'),
        ("port.flow", {"port": "a", "on": True}, "there is no port 'a'"),
        ("port.close", {}, "expected text"),
    ],
)
async def test_a_bad_request_is_refused_with_the_reason(tmp_path, op, fields, reason):
    async with engine(tmp_path) as running:
        with pytest.raises(WireError, match=reason):
            await running.peer.request(op, **fields)


async def test_a_recording_never_overwrites_and_a_page_must_be_one(tmp_path):
    async with bridged(tmp_path) as (running, modem, _worker):
        (tmp_path / "there.wav").write_bytes(b"mine")
        ask = running.peer.request
        with pytest.raises(WireError, match="never overwrites"):
            await ask("record", record="r", path=str(tmp_path / "there.wav"), left="gsm-1", right="")
        with pytest.raises(WireError, match="format is 'mp3', expected one of pcm16, alaw, ulaw"):
            await ask("record", record="r", path=str(tmp_path / "b.wav"), left="gsm-1", format="mp3")
        with pytest.raises(WireError, match="no mailbox page"):
            await ask("worker.attach", worker="w", fds=[modem.box])
        with pytest.raises(WireError, match="between -100 and 20 dB"):
            await ask("connect", src="gsm-1", dst="ana", gain_db=99)
        with pytest.raises(WireError, match=r"none\.wav"):
            await ask("play", play="p", to="ana", files=[str(tmp_path / "none.wav")])
        with pytest.raises(WireError, match="tone"):
            await ask("tone", play="p", to="ana", tone="no such tone")
        with pytest.raises(WireError, match="no tone plan"):
            await ask("tone", play="p", to="ana", spec="so it goes")


@pytest.mark.parametrize(("form", "head", "frame"), [("pcm16", 44, 4), ("alaw", 58, 2), ("ulaw", 58, 2)])
async def test_a_recording_is_playable_to_the_last_second_after_kill_9(tmp_path, form, head, frame):
    async with bridged(tmp_path) as (running, _modem, _worker):
        path = tmp_path / "call.wav"
        sides = {"left": "gsm-1", "right": "ana"}
        await running.peer.request("record", record="c1", path=str(path), format=form, **sides)
        begun = time.monotonic()
        await asyncio.sleep(1.5)
        running.process.send_signal(signal.SIGKILL)
        seconds = time.monotonic() - begun
        running.process.wait()
    content = path.read_bytes()
    frames = int.from_bytes(content[head - 4 : head], "little") // frame
    assert len(content) >= head + frames * frame
    assert wav.repair(path).layout.frames >= frames
    assert seconds - 0.4 < frames / RATE <= seconds + 0.1


async def test_sigterm_closes_the_files_and_ends_well(tmp_path):
    async with bridged(tmp_path) as (running, _modem, _worker):
        path = tmp_path / "call.wav"
        await running.peer.request("record", record="c1", path=str(path), left="gsm-1", right="ana")
        await asyncio.sleep(0.3)
        running.process.terminate()
        assert await asyncio.to_thread(running.process.wait, 5) == 0
    with wave.open(str(path)) as file:
        assert file.getnframes() >= 0.2 * RATE
    assert not running.path.exists()
