"""Who hears whom, what plays where and what is recorded in one call.

It is wanted as a whole and changed by difference: what is wanted before and after is not touched, so that two
who go on speaking hear no gap.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Mapping

#: Something heard or recorded, by its name in the call, and how it is begun.
Wanted = Mapping[Hashable, Callable[[], contextlib.AbstractContextManager[object]]]


class Hearing:
    """Holds what is wanted now, each as the context it was entered by."""

    def __init__(self) -> None:
        self._held: dict[Hashable, contextlib.ExitStack] = {}

    def __contains__(self, name: object) -> bool:
        """Whether it is held now."""
        return name in self._held

    def want(self, wanted: Wanted) -> None:
        """End what is not wanted any more, then begin what is new."""
        for name in [name for name in self._held if name not in wanted]:
            self._held.pop(name).close()
        for name, begin in wanted.items():
            if name not in self._held:
                with contextlib.ExitStack() as stack:
                    stack.enter_context(begin())
                    self._held[name] = stack.pop_all()

    def close(self) -> None:
        """Nothing is heard any more."""
        self.want({})
