"""Where people stand among others, by name.

In order: names that are the same on both sides stand where they stand; where both sides ascend, as the tables of people
do, plain letters are compared as bytes in one walk along both; all others are looked up one by one. A look-up of a
million names, each an object of its own, takes longer than most of what is computed with it. Refused: names among
others that are not unique.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

# longer names are not compared as bytes, as each would take the room of the longest
LONGEST = 64


def positions(wanted: pd.Series, there: pd.Series) -> NDArray[np.intp]:
    """(n,) the position of each of `wanted` (n,) in `there` (m,); -1 for one that is not there.

    Raises pandas' InvalidIndexError where a name comes twice in `there` and the two sides are not the same.
    """
    import numpy as np
    import pandas as pd

    sought, among = wanted.to_numpy(), there.to_numpy()
    if len(sought) == len(among) and bool((sought == among).all()) and _ascending(among):
        return np.arange(len(among), dtype=np.intp)
    if (found := _walked(sought, among)) is not None:
        return found
    return pd.Index(there).get_indexer(pd.Index(wanted))


def _walked(sought: NDArray[np.object_], among: NDArray[np.object_]) -> NDArray[np.intp] | None:
    """The positions where both sides ascend and are short plain texts; else None."""
    import numpy as np

    if not len(sought) or not len(among) or not (_ascending(among) and _ascending(sought, ties=True)):
        return None
    try:
        letters, known = sought.astype("S"), among.astype("S")
    except UnicodeEncodeError:
        return None
    if max(letters.itemsize, known.itemsize) > LONGEST:
        return None
    at = np.minimum(np.searchsorted(known, letters), len(known) - 1)
    # compared once more as they are: bytes end at a zero
    return np.where(among[at] == sought, at, -1).astype(np.intp)


def _ascending(names: NDArray[np.object_], ties: bool = False) -> bool:
    """Texts, each after the one before; with ties, or the same."""
    if names.dtype != object or not len(names) or not isinstance(names[0], str):
        return False
    try:
        before, after = names[:-1], names[1:]
        return bool((before <= after).all() if ties else (before < after).all())
    except TypeError:  # something missing has no order
        return False
