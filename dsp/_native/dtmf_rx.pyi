from collections.abc import Sequence

from typing_extensions import Buffer

LANES: int
GROUP_BYTES: int

class DtmfGroup:
    def begin(self, lane: int) -> None: ...
    def feed(self, channels: Sequence[Buffer | None]) -> list[tuple[int, str, int, int]]: ...
