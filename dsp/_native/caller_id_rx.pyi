from typing import ClassVar

from typing_extensions import Buffer

class CallerIdRx:
    STATE_BYTES: ClassVar[int]
    def __init__(self, is_etsi: bool) -> None: ...
    def feed(self, samples: Buffer) -> list[tuple[bytes, bool, bool, int, int]]: ...

class AlertRx:
    STATE_BYTES: ClassVar[int]
    def feed(self, samples: Buffer) -> list[tuple[int, int]]: ...
