"""The functions that answer endpoints, each found by the kind whose name it bears."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])


class Functions(dict[str, F]):
    """Functions by kind. known: the kinds that need one."""

    def __init__(self, known: Collection[str]) -> None:
        super().__init__()
        self.known = known

    def answers(self, function: F) -> F:
        """Take a function in, for the kind of its name. Raises KeyError where the vocabulary has no such kind."""
        if function.__name__ not in self.known:
            raise KeyError(
                f"no kind of endpoint is named {function.__name__}: add its row to vocabulary.kinds_of_care, "
                "kinds_of_use or kinds_of_amounts"
            )
        self[function.__name__] = function
        return function
