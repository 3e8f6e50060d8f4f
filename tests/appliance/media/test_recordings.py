"""Recordings as the brain holds them: paused, refused, ended by a full disk, and gone on with."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from appliance.media.held import ENGINE_AWAY
from appliance.media.link import EngineLink
from appliance.media.recordings import Recordings
from dsp import wav


class Told(EngineLink):
    """An engine that is there or not, and answers as the test says."""

    def __init__(self) -> None:
        super().__init__(
            Path("/nowhere"), on_met=lambda s: None, on_up=lambda up: None, on_event=lambda m, f: None
        )
        self.is_there = True
        self.asked: list[dict[str, Any]] = []
        self.replies: dict[str, dict[str, Any]] = {"record.stop": {"seconds": 2.0}}

    @property
    def there(self) -> bool:
        return self.is_there

    def tell(self, op: str, *, fds: Any = (), then: Callable[..., None] | None = None, **f: Any) -> None:
        self.asked.append({"op": op, **f})
        if then is not None:
            then(self.replies.get(op, {}))


class Bench:
    """The recordings of one brain, and what it was told of files."""

    def __init__(self, folder: Path) -> None:
        self.link = Told()
        self.folder = folder
        self.earlier: dict[str, Mapping[str, Any]] = {}
        self.news: list[tuple[str, ...]] = []
        self.refusals: list[str] = []
        self.all = Recordings(link=lambda: self.link, held=lambda: self.earlier)
        self.all.on_refused = self.refusals.append

    @contextmanager
    def recording(self, **more: Any) -> Iterator[None]:
        def started(path: str) -> dict[str, Any]:
            self.news.append(("started", Path(path).name))
            return {"call": "c1", "n": len(self.news)}

        def ended(path: str, seconds: float, dropped: int, why: str) -> None:
            self.news.append(("ended", Path(path).name, f"{seconds:g}", why))

        with self.all.recording(
            "c1", folder=self.folder, left="gsm-1", right="p1", started=started, ended=ended, **more
        ):
            yield


def test_a_file_is_begun_with_what_it_tells_of_itself_and_ended_with_its_length(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with bench.recording():
        assert bench.link.asked[0]["info"] == {"call": "c1", "n": 1}
    assert bench.news == [("started", "c1.wav"), ("ended", "c1.wav", "2", "")]


def test_a_pause_is_told_and_told_again_to_a_new_engine(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with bench.recording():
        with bench.all.pausing("c1"):
            assert bench.link.asked[-1] == {"op": "record.pause", "record": "c1", "on": True}
            wav.write(tmp_path / "c1.wav", bytes(32000), channels=2)
            bench.all.declare_all()
            assert bench.link.asked[-1]["paused"] is True
        assert bench.link.asked[-1] == {"op": "record.pause", "record": "c1", "on": False}
    assert bench.news[1] == ("ended", "c1.wav", "1", ENGINE_AWAY)


def test_a_recording_that_an_earlier_brain_paused_is_set_right(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.earlier = {"c1": {"path": str(tmp_path / "c1.wav"), "paused": True}}
    with bench.recording(path=tmp_path / "c1.wav"):
        assert bench.link.asked == [{"op": "record.pause", "record": "c1", "on": False}]
    assert bench.news == [("ended", "c1.wav", "2", "")]


def test_a_file_that_the_disk_refuses_was_never_there_and_is_tried_again_with_room(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.link.replies["record"] = {"error": "record: c1.wav cannot be made: No space left on device"}
    with bench.recording():
        assert bench.news[-1][:3] == ("ended", "c1.wav", "0")
        assert "No space left" in bench.refusals[0]
        bench.link.replies["record"] = {}
        bench.all.again()
        bench.all.again()
    assert [each[0] for each in bench.news] == ["started", "ended", "started", "ended"]
    assert [each["op"] for each in bench.link.asked] == ["record", "record", "record.stop"]


def test_a_disk_that_fills_in_the_call_ends_the_file_once(tmp_path: Path, caplog: Any) -> None:
    bench = Bench(tmp_path)
    path = tmp_path / "c1.wav"
    news = {"record": "c1", "path": str(path), "reason": f"{path}: No space left on device"}
    with caplog.at_level(logging.CRITICAL), bench.recording():
        wav.write(path, bytes(32000), channels=2)
        bench.all.failed(news)
        bench.all.failed(news)
    assert bench.news[1:] == [("ended", "c1.wav", "1", f"{path}: No space left on device")]
    assert [each["op"] for each in bench.link.asked] == ["record"]


def test_a_name_that_an_encrypted_file_has_is_taken(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (tmp_path / "c1.wav.age").touch()
    with bench.recording():
        pass
    assert bench.news[0] == ("started", "c1-2.wav")
