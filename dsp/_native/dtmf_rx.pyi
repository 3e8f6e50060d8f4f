from typing_extensions import Buffer

class DtmfRx:
    def feed(self, samples: Buffer) -> list[tuple[str, int, int]]: ...
