"""A memory of what was used last, bounded in bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any


class Kept:
    """Values by their keys, up to `limit` bytes together; those that were used longest ago are given up first."""

    def __init__(self, limit: int) -> None:
        self.limit, self.size = limit, 0
        """Bytes that values may take, and bytes that they take."""
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get(self, key: Hashable) -> Any:
        """The value with a key; None where it is not kept."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def keep(self, key: Hashable, value: Any, size: int) -> None:
        """Keep a value of some bytes, in place of one that has its key; one larger than the limit is not kept."""
        self.size += size - self._values.pop(key, (None, 0))[1]
        self._values[key] = value, size
        while self.size > self.limit:
            _, (_, given_up) = self._values.popitem(last=False)
            self.size -= given_up
