"""Doors that let too much out, to see that the attack bites: what many packages do.

`small_cells`: cells of too few people are withheld, and nothing else. `each_rounded`: small cells are withheld, and
every other count is rounded to the nearest five, each by itself. Neither looks at what the others tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import truth as true_of
from private_tables import Private
from rules import RULES, Rules

from iop_outcomes.release import run
from iop_outcomes.tables import TABLES

Released = Mapping[str, pd.DataFrame]
BASE = 5


def small_cells(private: Private, policy: str) -> Released:
    """Cells of too few people are withheld."""
    return _released(private, RULES[policy], 1)


def each_rounded(private: Private, policy: str) -> Released:
    """Cells of too few people are withheld, all others rounded."""
    return _released(private, RULES[policy], BASE)


NAIVE: Mapping[str, Callable[[Private, str], Released]] = {"small_cells": small_cells, "each_rounded": each_rounded}


def errors(released: Released, private: Private) -> Released:
    """A release whose crude shares have the standard errors of the true numbers."""
    estimates = released["estimates"].copy()
    own = (estimates["method"] == "crude") & (estimates["measure"] == "risk") & (estimates["status"] == "ok")
    lives = true_of.lives(private.tables["life_tables"])
    for at, row in estimates[own].iterrows():
        table = lives.get((row["analysis"], row["contrast"], row["outcome"], row["of"]))
        if table and row["outcome"] in LEVELS:
            share = true_of.gone(table, LEVELS[row["outcome"]], row["horizon_days"]) / sum(n for *_, n in table)
            estimates.loc[at, "std_error"] = np.sqrt(share * (1 - share) / sum(n for *_, n in table))
    return {**released, "estimates": estimates}


def gates(released: Released, private: Private) -> Released:
    """A release whose adjusted rows are shown, or gated for their reason, whatever is told of events."""
    return run(**{**private.asked("opensafely"), "fewest_events": 0})  # type: ignore[return-value]


LEVELS = {
    "unplanned_discharge": "unplanned", "completed": "completed", "transferred": "transferred",
    "retained": true_of.STILL,
}  # fmt: skip
LEFT_BEHIND: Mapping[str, Callable[[Released, Private], Released]] = {"errors": errors, "gates": gates}


def _released(private: Private, rules: Rules, base: int) -> Released:
    counts = _all_counts(private)
    people = counts["count"].astype("int64")
    shown = (people + base // 2) // base * base
    small = people.map(rules.small)
    word = "ok" if base == 1 else "rounded"
    told = {
        "count": shown.astype("Int64").mask(small), "status": small.map({True: "suppressed", False: word}),
        "rounded_to": pd.Series(base, index=counts.index, dtype="Int64").mask(small),
        "count_low": (shown - base // 2).clip(lower=0).astype("Int64").mask(small),
        "count_high": (shown + base // 2).astype("Int64").mask(small),
    }  # fmt: skip
    return {"counts": counts.assign(**told)} | {n: TABLES[n].empty() for n in ("estimates", "curves", "diagnostics")}


def _all_counts(private: Private) -> pd.DataFrame:
    """Counts and, at the horizons that are asked for, life tables as they are."""
    tables, counts = private.tables, private.tables["counts"]
    lives = true_of.lives(tables["life_tables"])
    asked = tables["estimates"][["analysis", "contrast", "outcome", "horizon_days"]].drop_duplicates().dropna()
    rows = []
    for (analysis, contrast, outcome, arm), table in lives.items():
        own = (asked[["analysis", "contrast", "outcome"]] == [analysis, contrast, outcome]).all(axis=1)
        for day in asked.loc[own, "horizon_days"].astype(int):
            for level in sorted({c for _, c, _ in table} - {true_of.NOT_AT_RISK} | {true_of.STILL}):
                rows.append(
                    {
                        "analysis": analysis, "cohort": "k", "contrast": contrast, "arm": arm, "outcome": outcome,
                        "variable": "all", "horizon_days": day, "group_by": "all", "group": "all", "level": level,
                        "detail": "", "count": true_of.gone(table, level, day), "status": "ok",
                    }
                )  # fmt: skip
    life = pd.DataFrame(rows, columns=list(counts.columns))
    kept = counts[[(a, c, o) not in {k[:3] for k in lives} for a, c, o in _questions(counts)]]
    types = {n: c.dtype for n, c in TABLES["counts"].columns.items()}
    return pd.concat([kept, life.astype(types)], ignore_index=True)


def _questions(counts: pd.DataFrame) -> list[tuple[str, str, str]]:
    return list(zip(counts["analysis"], counts["contrast"], counts["outcome"], strict=True))
