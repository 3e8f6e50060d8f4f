"""The audio thread of a SIP worker, from Python: what streams it serves, never a sample."""

SLOTS: int
"""Legs a worker's page has room for (MAILBOX_SLOTS)."""

class StreamAudioError(Exception):
    """The library in use, or one of its streams, is not as this thread needs it."""

class StreamAudio:
    """One thread on the 20 ms grid between pjmedia's streams and the mailbox page (`mailbox.h`).

    Make it after the library's `libInit`, in the same thread, and before the first call: it puts the
    library's bridge without a sound device. `library` is the path of the loaded `_pjsua2` module;
    `priority` is SCHED_FIFO's, 0 for an ordinary thread; where real time is refused the thread is ordinary
    and `realtime` says so. Raises StreamAudioError when the library is laid out differently.
    """

    def __init__(self, library: str, *, priority: int) -> None: ...
    @property
    def memfd(self) -> int:
        """Descriptor of the page; ours, duplicate it to hand it on."""

    @property
    def realtime(self) -> bool: ...
    @property
    def version(self) -> str:
        """The library's version, "2.17"."""

    @property
    def max_calls(self) -> int:
        """Calls the library can hold at once: 64 in our own build, 4 in the wheel."""

    def attach(self, slot: int, stream: int) -> None:
        """Serve `stream` (address of a pjmedia_stream, 8 kHz mono) in `slot` from the next tick on.

        `slot` is place + SLOTS * leg, place below SLOTS: with legs counted up a frame never reaches the leg
        that took the place of another. The brain and the engine know the slot by the same number.
        Raises StreamAudioError when the stream is not 8 kHz mono.
        """

    def detach(self, slot: int) -> None:
        """Stop serving the slot; when it returns no tick touches its stream. Nothing if another leg's."""

    def keep_from_bridge(self, param: int, stream: int, port: int) -> None:
        """Put a silent port in the place of the stream in an OnStreamCreatedParam (address `param`).

        `stream` and `port` are its fields as Python reads them: they prove the layout. Without this the
        bridge writes the stream too, and the phone gets every packet twice.
        """

    def counters(self) -> dict[str, float]:
        """ticks, late_ticks (> 5 ms), missed_ticks, late_max_ms, unmixed_ticks (the engine did not answer),
        lost_frames (nothing from the phone), silent_frames (nothing from the engine), direct_legs (who hear
        another without the engine now), direct_frames (what they heard so), skipped_frames (lost before us
        and passed on as lost), tick_ms_mean."""

    def close(self) -> None:
        """End the thread, let go of every stream, unmap the page; before libDestroy."""
