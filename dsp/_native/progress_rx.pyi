from collections.abc import Sequence

from typing_extensions import Buffer

CHANNEL_BYTES: int
PLAN_BYTES: int
MOST_LINES: int
MOST_SOUNDS: int
MOST_TONES: int
MOST_ELEMENTS: int

class ProgressPlan:
    def __init__(
        self,
        sounds: Sequence[tuple[float, tuple[float, ...]]],
        tones: Sequence[tuple[int, int, Sequence[tuple[int, int, int, int, float]]]],
        any_busy: bool,
    ) -> None: ...
    def address(self) -> int: ...

class ProgressRx:
    def __init__(self, plan: ProgressPlan) -> None: ...
    def feed(self, samples: Buffer) -> list[tuple[int, int, bool, int, int, int]]: ...

class BurstRx:
    def feed(self, samples: Buffer) -> list[tuple[int, int, float, tuple[float, ...]]]: ...
