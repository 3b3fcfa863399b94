"""Counts of the records as they may be seen: rounding beside suppression, and an intruder with every total."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records_counts import cells
from released_study import typed
from scipy import optimize, sparse

from iop_outcomes.release import counts as released_counts
from iop_outcomes.release.completeness import known_shares
from iop_outcomes.release.counts import suppress
from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import OVERLAP_BASE as BASE
from iop_outcomes.release.policy import POLICIES
from iop_outcomes.release.repair import State
from iop_outcomes.release.suppression import protect
from iop_outcomes.release.system import System

CMS, OPENSAFELY, NONE = (POLICIES[n] for n in ("cms", "opensafely", "none"))


def shown(*groups: list[dict[str, Any]], policy: Any = CMS) -> list[int | None]:
    released = suppress(typed("counts", [row for g in groups for row in g]), policy)
    return [None if pd.isna(n) else int(n) for n in released["count"]]


# ------------------------------------------------------------------------------------------------------------ rounding


@pytest.mark.parametrize(
    ("people", "released"),
    [
        ({"a": 97, "b": 203}, [95, 205]),
        # a count that may be shown is not rounded to one that may not
        ({"a": 11, "b": 12}, [15, 15]),
        ({"a": 0, "b": 40}, [0, 40]),
        # one of several is small: what the rounded others leave open is enough to hide it
        ({"a": 5, "b": 468, "c": 554, "d": 805}, [None, 470, 555, 805]),
        # 1 is the least that a hidden cell can hold, and the others were rounded up: only 1 would be left
        ({"a": 1, "b": 468, "c": 553}, [None, None, 555]),
        # of two cells, one leaves too little open where it is near an edge
        ({"a": 5, "b": 95}, [None, 95]),
    ],
)
def test_a_group_by_hand(people: dict[str, int], released: list[int | None]) -> None:
    assert shown(cells("hours", variable="scheduled", group_by="level_of_care", people=people, group="2.1")) == released


def test_other_analyses_are_not_rounded() -> None:
    rows = cells("abstinent", {"a": 97, "b": 203})
    assert shown([{**r, "analysis": "abstinence"} for r in rows]) == [97, 203]


def test_a_policy_that_lets_everything_out_does_not_round() -> None:
    assert shown(
        cells("hours", variable="scheduled", group_by="level_of_care", people={"a": 1, "b": 203}), policy=NONE
    ) == [1, 203]


@given(st.integers(0, 400), st.sampled_from([CMS, OPENSAFELY]))
def test_counts_that_look_alike_are_those_that_are_released_alike(count: int, policy: Any) -> None:
    least, most = policy.alike(count, BASE)
    assert least <= count <= most or policy.small(count)
    same = [n for n in range(500) if not policy.small(n) and policy.blurred(n, BASE) == policy.blurred(count, BASE)]
    if not policy.small(count):
        assert (same[0], same[-1]) == (least, most)
        assert policy.blurred(count, BASE) >= policy.minimum_count or count == 0


@settings(max_examples=60)
@given(st.lists(st.integers(0, 60), min_size=2, max_size=6))
def test_what_is_hidden_in_a_line_stays_open(counts: list[int]) -> None:
    """An intruder knows the exact total of a line, and which cells are small: what is told of its cells leaves enough
    to each small one, or as much as that alone leaves.
    """
    size = len(counts)
    told = protect(System(tuple(counts), (Line(tuple(range(size))),), (BASE,) * size), CMS, 1)
    assert all(told.count[i] is None for i, n in enumerate(counts) if CMS.small(n))
    low = [11 if end is None else end for end in told.low]
    high = [sum(counts) if end is None else end for end in told.high]
    before = [(1, 10) if CMS.small(n) else (11 if n else 0, sum(counts)) for n in counts]
    for i, n in enumerate(counts):
        if CMS.small(n) and sum(counts) >= 2 * CMS.minimum_count:
            known = left([a for a, _ in before], [b for _, b in before], i, sum(counts))
            assert left(low, high, i, sum(counts)) >= min(CMS.protection, known)


def left(low: list[int], high: list[int], i: int, whole: int) -> int:
    """How many values ranges and their exact sum leave to one of them."""
    return min(high[i], whole - sum(low) + low[i]) - max(low[i], whole - sum(high) + high[i]) + 1


# -------------------------------------------------------------------------------------------------------------- shares


def told(*groups: list[dict[str, Any]], policy: Any = CMS) -> dict[tuple[str, ...], float]:
    counts = typed("counts", [row for g in groups for row in g])
    found = known_shares(counts, suppress(counts, policy), policy)
    keys = zip(found["variable"], found["group_by"], found["group"], strict=True)
    return dict(zip(keys, found["value"], strict=True))


def field(known: int, unknown: int) -> list[dict[str, Any]]:
    return cells(
        "completeness", variable="sex", people={"known": known, "not_known": unknown}, group_by="site", group="A"
    )


@pytest.mark.parametrize(
    ("known", "unknown", "expected"),
    [
        (1, 99, {("sex", "site", "A"): 0.0}),
        # half would tell that at least 9 of 24 are known, or at most 12 not, beside one of 1 to 10
        (15, 9, {}),
        # the known are told, more coarsely
        (21, 9, {}),
        # shown, or all known: nothing to tell
        (60, 40, {}),
        (100, 0, {}),
        # too few for a quarter to be wide
        (19, 1, {}),
    ],
)
def test_a_withheld_share_is_told_to_the_quarter_below(
    known: int, unknown: int, expected: dict[tuple[str, ...], float]
) -> None:
    assert told(field(known, unknown)) == expected


def test_no_share_is_told_where_nothing_is_withheld() -> None:
    assert told(field(99, 1), policy=NONE) == {}


# -------------------------------------------------------------------------------------------------------------- attack


def people(seed: int, n: int = 500) -> pd.DataFrame:
    """People with sites, fields that are rarely missing or rarely known, and days of observation."""
    rng = np.random.default_rng(seed)
    site = rng.choice(list("ABCDEF"), n, p=[0.35, 0.25, 0.15, 0.1, 0.08, 0.07])
    return pd.DataFrame(
        {
            "site": site,
            "often": rng.random(n) < 0.97,
            "seldom": rng.random(n) < 0.05,
            "by_site": (site != "C") ^ (rng.random(n) < 0.04),
            "days": rng.integers(0, 120, n),
            "level": rng.choice(["1", "2.1", "3.5"], n, p=[0.1, 0.6, 0.3]),
            "ends": rng.choice(["completed", "unplanned", "other", "died"], n, p=[0.5, 0.44, 0.04, 0.02]),
        }
    )


def of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The counts of some people as the records count them."""
    rows: list[dict[str, Any]] = []
    for name in ("often", "seldom", "by_site"):
        for group, own in [("all", frame), *((str(s), g) for s, g in frame.groupby("site"))]:
            by = "all" if group == "all" else "site"
            known = int(own[name].sum())
            rows += cells(
                "completeness",
                variable=name,
                people={"known": known, "not_known": len(own) - known},
                group_by=by,
                group=group,
            )
    for day in (30, 60, 90):
        mature = int((frame["days"] >= day).sum())
        rows += cells("maturity", {"mature": mature, "not_yet_observed": len(frame) - mature}, horizon_days=day)
    for level, own in frame.groupby("level"):
        ends = {str(e): int(n) for e, n in own["ends"].value_counts().items()}
        rows += cells("transition", variable="1", group_by="from", people=ends, group=level)
    return rows


class Intruder:
    """What follows from the released counts, the rounding and the exact size of every group of people."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.counts = typed("counts", of(frame))
        self.released = suppress(self.counts, CMS)
        self.sizes = {"all": len(frame)} | {str(s): len(g) for s, g in frame.groupby("site")}
        self.levels = {str(level): len(g) for level, g in frame.groupby("level")}
        self.rows: list[tuple[list[int], list[float], float, float]] = []
        for _, own in self.counts.groupby(["outcome", "variable", "group_by", "group", "horizon_days"], dropna=False):
            first = own.iloc[0]
            size = (self.levels if first["outcome"] == "transition" else self.sizes)[first["group"]]
            self.equal(list(own.index), [], size)
        for _, own in self.counts[self.counts["outcome"] == "completeness"].groupby(["variable", "level"]):
            whole = own.index[own["group"] == "all"]
            self.equal([i for i in own.index if i not in whole], list(whole), 0)
        later = self.counts[(self.counts["outcome"] == "maturity") & (self.counts["level"] == "mature")]
        for before, after in pairwise(later.sort_values("horizon_days").index):
            self.rows.append(([before, after], [1, -1], 0, np.inf))
        self.quarters()

    def equal(self, plus: list[int], minus: list[int], value: float) -> None:
        self.rows.append(([*plus, *minus], [1.0] * len(plus) + [-1.0] * len(minus), value, value))

    def quarters(self) -> None:
        shares = known_shares(self.counts, self.released, CMS)
        for row in shares.itertuples():
            of = (self.counts["outcome"] == "completeness") & (self.counts["variable"] == row.variable)
            own = self.counts[of & (self.counts["group"] == row.group)]
            known = int(own.index[own["level"] == "known"][0])
            size = self.sizes[str(row.group)]
            self.rows.append(([known], [1.0], row.value * size, (row.value + 0.25) * size))

    def bounds(self) -> list[tuple[float, float]]:
        """The least and the most that each cell can hold, taken alone: a hidden one is not empty."""
        hidden = self.released["count"].isna()
        return [
            (1, len(self.counts) * 1000) if h else (int(low), int(high))
            for h, low, high in zip(hidden, self.released["count_low"], self.released["count_high"], strict=True)
        ]

    def open(self, cell: int) -> int:
        """How many whole numbers a cell can hold, at most."""
        n = len(self.counts)
        matrix = sparse.lil_matrix((len(self.rows), n))
        for r, (where, weights, _, _) in enumerate(self.rows):
            for i, w in zip(where, weights, strict=True):
                matrix[r, i] = w
        low, high = (np.array([row[k] for row in self.rows]) for k in (2, 3))
        ends = []
        for sign in (1, -1):
            aim = np.zeros(n)
            aim[cell] = sign
            found = optimize.milp(
                aim, constraints=optimize.LinearConstraint(matrix.tocsr(), low, high),
                bounds=optimize.Bounds(*np.array(self.bounds()).T),
            )  # fmt: skip
            assert found.success
            ends.append(sign * found.fun)
        return int(np.floor(ends[1] + 1e-6) - np.ceil(ends[0] - 1e-6)) + 1


@pytest.mark.parametrize("seed", range(4))
def test_an_intruder_with_every_size_finds_no_small_cell(seed: int) -> None:
    intruder = Intruder(people(seed))
    small = [int(i) for i in intruder.counts.index if CMS.small(int(intruder.counts["count"][i]))]
    assert len(small) > 10
    assert intruder.released.loc[small, "count"].isna().all()
    assert min(intruder.open(i) for i in small) >= 2


def crossed() -> pd.DataFrame:
    """People of whom the shares of all sites together, as they are rounded, would give the few at each away."""
    return people(19, int(np.random.default_rng(19).integers(250, 900)))


def test_what_crossing_lines_give_together_is_hidden_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    safe = Intruder(crossed())
    small = [int(i) for i in safe.counts.index if CMS.small(int(safe.counts["count"][i]))]
    assert min(safe.open(i) for i in small) >= CMS.protection
    monkeypatch.setattr(released_counts, "protect", lambda *of: State.first(*of).shown())
    caught = Intruder(crossed())
    assert min(caught.open(i) for i in small) < CMS.protection


def test_the_intruder_finds_a_cell_that_nothing_protects() -> None:
    """The same attack on counts of which only the small ones are hidden, and nothing is rounded."""
    intruder = Intruder(people(0))
    intruder.bounds = lambda: [  # type: ignore[method-assign]
        (0, 1000) if CMS.small(int(n)) else (int(n), int(n)) for n in intruder.counts["count"]
    ]
    intruder.rows = [row for row in intruder.rows if len(row[0]) > 1]
    small = [int(i) for i in intruder.counts.index if CMS.small(int(intruder.counts["count"][i]))]
    assert min(intruder.open(i) for i in small) == 1
