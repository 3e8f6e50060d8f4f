"""Things in the order of a key: found, added and taken out by halving. Keys are unique and do not change."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Key = tuple[Any, ...]


class Ordered(Generic[T]):
    """A sorted list; a key says the place of a thing for as long as it is in there."""

    __slots__ = ("_items", "_keys")

    def __init__(self) -> None:
        self._keys: list[Key] = []
        self._items: list[T] = []

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def add(self, key: Key, item: T) -> None:
        """Put it where its key says."""
        index = bisect.bisect_left(self._keys, key)
        self._keys.insert(index, key)
        self._items.insert(index, item)

    def remove(self, key: Key) -> None:
        """Take out the thing with this key; raises KeyError when there is none."""
        index = bisect.bisect_left(self._keys, key)
        if index >= len(self._keys) or self._keys[index] != key:
            raise KeyError(key)
        del self._keys[index], self._items[index]

    def pairs(self) -> Iterator[tuple[Key, T]]:
        """Each with its key before it."""
        return zip(self._keys, self._items, strict=True)

    def first(self) -> T:
        """The one with the lowest key; raises IndexError when there is none."""
        return self._items[0]

    def rank(self, key: Key) -> int:
        """How many have a lower key."""
        return bisect.bisect_left(self._keys, key)

    def beside(self, key: Key) -> tuple[Key | None, Key | None]:
        """The keys before and after the one with this key, None at the ends."""
        index = bisect.bisect_left(self._keys, key)
        before = self._keys[index - 1] if index else None
        return before, self._keys[index + 1] if index + 1 < len(self._keys) else None

    def is_sorted(self) -> bool:
        """Whether the order holds, as it must."""
        return all(a < b for a, b in zip(self._keys, self._keys[1:], strict=False))
