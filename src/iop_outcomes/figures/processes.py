"""Figures drawn side by side: a copy of the process for each processor that the job was given.

A copy begins with all libraries imported, which take longer than most figures. Each draws a figure in whole, so that
its bytes are those of one that is drawn alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from iop_outcomes.errors import StudyError

Draw = Callable[[str], dict[str, bytes]]
# by os.fork, which is safe for libraries of the system on Linux alone
CAN_COPY = sys.platform == "linux"

_draw: list[Draw] = []


def each(draw: Draw, names: Sequence[str]) -> dict[str, dict[str, bytes]]:
    """What `draw` makes of each name, in the order of names. Raises what it raises."""
    threads = min(int(os.environ.get("IOP_OUTCOMES_THREADS") or 1), len(names))
    if threads < 2 or not CAN_COPY:
        return {name: draw(name) for name in names}

    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    import matplotlib.pyplot  # noqa: F401
    import plotnine  # noqa: F401

    _draw[:] = [draw]
    with ProcessPoolExecutor(threads, multiprocessing.get_context("fork")) as pool:
        waiting = {name: pool.submit(_one, name) for name in names}
        return {name: _result(draw, name, waiting[name].result) for name in names}


def _one(name: str) -> dict[str, bytes]:
    return _draw[0](name)


def _result(draw: Draw, name: str, result: Callable[[], dict[str, bytes]]) -> dict[str, bytes]:
    try:
        return result()
    except StudyError:
        raise
    except Exception:
        # drawn again here, where what went wrong has its place in the code
        return draw(name)
