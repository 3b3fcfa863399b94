"""Two-way tables with margins, protected by pytauargus (0.6.0), acro (1.0.2) and the release: who hides how many cells,
and how many small ones do the margins give back? Outside CI, as neither is needed by anything else:

    uv run --with pytauargus==0.6.0 --with acro==1.0.2 python tests/attack/against_peers.py

The intruder knows the margins and which cells are small, as everywhere here. acro takes its own threshold of 10, and so
do the others: cells of 1 to 9 are small.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from puzzle import INFINITE, Puzzle, Target
from rules import Rules

OUT = Path(__file__).with_name("against_peers.csv")
SEED, TABLES = 20261130, 50
RULES = Rules(10, True, 3)
Cells = NDArray[np.int64]
Shown = NDArray[np.bool_]


def table(rng: np.random.Generator) -> Cells:
    """3 to 5 rows and columns of 80 to 600 people, some of them rare."""
    rows, columns = (rng.dirichlet(np.full(rng.integers(3, 6), 1.5)) for _ in range(2))
    return rng.multinomial(rng.integers(80, 600), np.outer(rows, columns).ravel()).reshape(len(rows), len(columns))


def people(cells: Cells) -> pd.DataFrame:
    """A row for each person of a table."""
    at = np.repeat(np.arange(cells.size), cells.ravel())
    rows, columns = np.unravel_index(at, cells.shape)
    return pd.DataFrame({"row": [f"r{r}" for r in rows], "col": [f"c{c}" for c in columns], "one": 1})


def by_acro(cells: Cells) -> Shown:
    """Cells that acro shows when it suppresses."""
    from acro import ACRO

    logging.disable(logging.CRITICAL)
    known = people(cells)
    with contextlib.redirect_stdout(io.StringIO()):
        found = ACRO(suppress=True).crosstab(known["row"], known["col"])
    names = [f"r{r}" for r in range(cells.shape[0])], [f"c{c}" for c in range(cells.shape[1])]
    return np.asarray(found.reindex(index=names[0], columns=names[1]).notna().to_numpy(), dtype=bool)


def by_tau_argus(cells: Cells) -> Shown:
    """Cells that pytauargus shows with optimal secondary suppression."""
    import pytauargus

    found = pytauargus.protect(people(cells), ["row", "col"], "one", f"FREQ({RULES.k},30)", "OPT(1)")
    told = found.tables[0].dataframe().set_index(["row", "col"])["status"]
    shown = np.ones(cells.shape, dtype=bool)
    for r, c in np.ndindex(*cells.shape):
        shown[r, c] = told.get((f"r{r}", f"c{c}"), "E") in ("S", "E")
    return shown


def by_us(cells: Cells) -> Shown:
    """Cells that the release shows exactly."""
    from dataclasses import replace

    from iop_outcomes.release.lines import Line
    from iop_outcomes.release.policy import POLICIES
    from iop_outcomes.release.suppression import protect
    from iop_outcomes.release.system import System

    at = np.arange(cells.size).reshape(cells.shape)
    lines = tuple(Line(tuple(int(i) for i in line)) for line in (*at, *at.T))
    system = System(tuple(int(n) for n in cells.ravel()), lines, (1,) * cells.size)
    shown = protect(system, replace(POLICIES["cms"], minimum_count=RULES.k), 1)
    return np.array([base == 1 for base in shown.base]).reshape(cells.shape)


def recovered(cells: Cells, shown: Shown) -> int:
    """Small cells of which the margins and the shown cells leave fewer values than half; the margins alone do not."""
    found, before = (_left(cells, told) for told in (shown, np.zeros(cells.shape, dtype=bool)))
    return sum(few and not known for few, known in zip(found, before, strict=True))


def _left(cells: Cells, shown: Shown) -> list[bool]:
    """Of each small cell, whether too few values are left."""
    puzzle = Puzzle()
    at = [[puzzle.all([(r, c)]) for c in range(cells.shape[1])] for r in range(cells.shape[0])]
    for (r, c), n in np.ndenumerate(cells):
        small = RULES.small(int(n))
        low, high = (RULES.least, RULES.k - 1) if small else (RULES.k if n else 0, INFINITE)
        puzzle.say(at[r][c], *((int(n), int(n)) if shown[r, c] else (low, high)))
        if small:
            puzzle.targets.append(Target("cell", f"{r} {c}", at[r][c], int(n)))
    for line, total in zip([*at, *map(list, zip(*at, strict=True))], [*cells.sum(1), *cells.sum(0)], strict=True):
        puzzle.say({i: 1.0 for one in line for i in one}, int(total), int(total))
    puzzle.solve(RULES.protection)
    return [t.left < RULES.protection for t in puzzle.targets]


WAYS: Mapping[str, Callable[[Cells], Shown]] = {"acro": by_acro, "pytauargus": by_tau_argus, "iop-outcomes": by_us}


def main() -> None:
    """Protect the same tables by each, attack them, and write what became of them."""
    rng = np.random.default_rng(SEED)
    tables = [table(rng) for _ in range(TABLES)]
    lines = []
    for name, way in WAYS.items():
        shown = [way(cells) for cells in tables]
        small = sum(RULES.small(int(n)) for cells in tables for n in cells.ravel())
        line = {
            "by": name, "tables": TABLES, "cells": sum(c.size for c in tables), "small": small,
            "hidden": sum(int((~s).sum()) for s in shown),
            "recovered": sum(recovered(c, s) for c, s in zip(tables, shown, strict=True)), "seed": SEED,
        }  # fmt: skip
        sys.stdout.write(f"{line}\n")
        lines.append(line)
    pd.DataFrame(lines).to_csv(OUT, index=False)


if __name__ == "__main__":
    main()
