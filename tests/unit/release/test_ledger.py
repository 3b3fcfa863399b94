"""Releases of one cohort a quarter apart: an intruder who has all of them learns of no change of a few people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from results_rows import made
from scipy.optimize import linprog

from iop_outcomes.errors import StudyError
from iop_outcomes.release import ledger
from iop_outcomes.release.held import Held, held_against, once_more
from iop_outcomes.release.lines import Line
from iop_outcomes.release.policy import POLICIES, Policy
from iop_outcomes.release.suppression import protect
from iop_outcomes.release.system import System
from iop_outcomes.release.told import LifeTables
from iop_outcomes.steps import store

CMS = POLICIES["cms"]
Told = dict[str, tuple[int, int]]
LEVELS = {"abstinent": ("yes", "no", "missing"), "left": ("unplanned", "completed", "in_care")}


class Cohort:
    """Invented people in two arms, each with an answer to two questions, and the cells that count them."""

    def __init__(self, people: list[tuple[str, str, str]]) -> None:
        self.people = people
        self.keys: list[str] = []
        self.cells: list[int] = []
        self.lines: list[Line] = []
        for at, (question, levels) in enumerate(LEVELS.items(), start=1):
            of_arm = {arm: self._group(question, arm, at, levels) for arm in ("a", "b")}
            everyone = self._group(question, "all", at, levels)
            parts = zip(of_arm["a"], of_arm["b"], everyone, strict=True)
            self.lines += [Line((a, b), total) for a, b, total in parts]

    def _group(self, question: str, arm: str, at: int, levels: Sequence[str]) -> tuple[int, ...]:
        first = len(self.cells)
        for level in levels:
            self.keys.append(f"{question} {arm} {level}")
            self.cells.append(sum(arm in ("all", p[0]) and p[at] == level for p in self.people))
        self.lines.append(Line(tuple(range(first, len(self.cells)))))
        return tuple(range(first, len(self.cells)))

    @classmethod
    def drawn(cls, draws: np.random.Generator, people: int) -> Cohort:
        return cls(_drawn(draws, people))

    def grown(self, draws: np.random.Generator, people: int) -> Cohort:
        return Cohort([*self.people, *_drawn(draws, people)])

    def told(self, before: Sequence[Told] = (), policy: Policy = CMS) -> Told:
        """What is told of it after earlier releases: the range of each cell that is shown."""
        system = System(tuple(self.cells), tuple(self.lines), (1,) * len(self.cells))
        held = held_against(self.keys, self.cells, self.lines, before, policy)
        while True:
            shown = protect(held.over(system), policy, 1)
            again = once_more(held, self.keys, system, before, shown, policy) if held.moved else held
            if again == held:
                ranges = zip(self.keys, shown.low, shown.high, strict=True)
                return {key: (low, high) for key, low, high in ranges if low is not None and high is not None}
            held = again


def _drawn(draws: np.random.Generator, people: int) -> list[tuple[str, str, str]]:
    shares = [draws.dirichlet([4.0] * len(levels)) for levels in LEVELS.values()]
    asked = list(zip(LEVELS.values(), shares, strict=True))
    return [(str(draws.choice(["a", "b"])), *(str(draws.choice(of, p=p)) for of, p in asked)) for _ in range(people)]


def left_open(cohort: Cohort, releases: Sequence[Told], key: str) -> int:
    """Values of the change of a cell between the last two releases that an intruder cannot rule out.

    He knows what every release told, how cells add up in each, and that people were only added; written without any
    code of the release.
    """
    size = len(cohort.keys)
    columns = size * len(releases)
    equal, growing = [], []
    for at in range(len(releases)):
        for line in cohort.lines:
            if line.total is not None:
                row = np.zeros(columns)
                row[[at * size + i for i in line.parts]] = 1
                row[at * size + line.total] = -1
                equal.append(row)
        for i in range(size if at else 0):
            row = np.zeros(columns)
            row[(at - 1) * size + i], row[at * size + i] = 1, -1
            growing.append(row)
    bounds = [told.get(name, (0, 10_000)) for told in releases for name in cohort.keys]
    aim = np.zeros(columns)
    i = cohort.keys.index(key)
    aim[(len(releases) - 1) * size + i], aim[(len(releases) - 2) * size + i] = 1, -1
    ends = []
    for sign in (1, -1):
        solved = linprog(
            sign * aim, A_ub=np.array(growing), b_ub=np.zeros(len(growing)), A_eq=np.array(equal),
            b_eq=np.zeros(len(equal)), bounds=bounds,
        )  # fmt: skip
        assert solved.status == 0, "the truth is a solution"
        ends.append(sign * solved.fun)
    return int(np.floor(ends[1] + 1e-6) - np.ceil(ends[0] - 1e-6)) + 1


def changed_by_few(before: Cohort, after: Cohort) -> list[str]:
    pairs = zip(after.keys, before.cells, after.cells, strict=True)
    return [key for key, old, new in pairs if 0 < abs(new - old) < CMS.minimum_count]


@pytest.mark.parametrize("seed", range(8))
def test_three_people_added_cannot_be_derived(seed: int) -> None:
    draws = np.random.default_rng(seed)
    first = Cohort.drawn(draws, int(draws.integers(60, 400)))
    second = first.grown(draws, 3)
    told = first.told()
    again = second.told([told])
    found = {key: left_open(second, [told, again], key) for key in changed_by_few(first, second) if key in told}
    assert found
    assert {key: n for key, n in found.items() if n < CMS.protection} == {}


def test_without_the_ledger_they_can() -> None:
    draws = np.random.default_rng(1)
    first = Cohort.drawn(draws, 300)
    second = first.grown(draws, 3)
    told, again = first.told(), second.told()
    assert any(left_open(second, [told, again], key) == 1 for key in changed_by_few(first, second) if key in told)


@pytest.mark.parametrize("seed", range(4))
def test_a_third_release_is_held_against_both_before_it(seed: int) -> None:
    draws = np.random.default_rng(100 + seed)
    cohorts = [Cohort.drawn(draws, int(draws.integers(80, 300)))]
    cohorts += [cohorts[0].grown(draws, 3)]
    cohorts += [cohorts[1].grown(draws, 2)]
    told: list[Told] = []
    for cohort in cohorts:
        told.append(cohort.told(told))
    last, earlier = cohorts[2], [cohorts[1], cohorts[0]]
    for before, releases in zip(earlier, ([told[1], told[2]], [told[0], told[2]]), strict=True):
        names = [key for key in changed_by_few(before, last) if key in releases[0]]
        assert [key for key in names if left_open(last, releases, key) < CMS.protection] == []


def test_the_same_again_is_no_difference() -> None:
    cohort = Cohort.drawn(np.random.default_rng(3), 200)
    told = cohort.told()
    assert not held_against(cohort.keys, cohort.cells, cohort.lines, [told], CMS).moved
    assert cohort.told([told]) == told


def test_a_held_release_told_again_is_the_same() -> None:
    draws = np.random.default_rng(4)
    first = Cohort.drawn(draws, 250)
    second = first.grown(draws, 3)
    told = [first.told()]
    told.append(second.told(told))
    assert second.told(told) == told[1]


def test_what_an_unchanged_cell_is_rounded_to_does_not_tell_that_it_is_unchanged() -> None:
    """Two cohorts that begin alike and grow elsewhere: a cell that changed is held as one that did not."""
    lines = [Line((0, 1))]
    told = [{"x": (104, 104), "y": (203, 203)}]
    grown = {n: held_against(("x", "y"), n, lines, told, CMS).bases for n in ((107, 203), (104, 205), (107, 205))}
    assert len(set(grown.values())) == 1
    assert min(next(iter(grown.values()))) > 1


def test_a_change_of_many_is_told_as_it_is() -> None:
    told = [{"x": (104, 104), "y": (203, 203)}]
    assert held_against(("x", "y"), (150, 290), [Line((0, 1))], told, CMS).bases == (1, 1)


def test_a_change_of_a_few_among_people_of_no_cell_is_seen() -> None:
    """Both cells grow by many, what the part leaves of the total by 3."""
    told = [{"part": (100, 100), "total": (140, 140)}]
    line = Line((0,), total=1, rest=43)
    assert min(held_against(("part", "total"), (150, 193), [line], told, CMS).bases) > 1


def test_a_cell_that_was_too_small_to_be_told_has_grown_by_one_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 60 so few had left that acro told nothing of them; now 13 of 62 have. That they are more is known, so what is
    around them must be coarser than if they may always have been as many.
    """
    told, people, lines = [{"arm": (60, 60), "there": (32, 32)}], (13, 30, 62), [Line((0, 1), 2, 19)]
    asked = (("left", "there", "arm"), people, lines, told, POLICIES["acro"])
    few = held_against(*asked)
    monkeypatch.setattr("iop_outcomes.release.held._of_grown", lambda *_: set())
    assert all(a > b for a, b in zip(few.bases, held_against(*asked).bases, strict=True))


def test_cells_that_take_the_place_of_others_are_rounded() -> None:
    told = [{"events by day 60": (100, 100), "people": (300, 300)}]
    held = held_against(("events by day 61", "people"), (103, 300), [], told, CMS)
    assert held.bases == (10, 1)


def test_under_a_policy_that_protects_nothing_nothing_is_held() -> None:
    assert held_against(("x",), (105,), [], [{"x": (104, 104)}], POLICIES["none"]) == Held((1,))


def counts(cohort: str = "ours", *people: int) -> pd.DataFrame:
    key = {"analysis": "a", "cohort": cohort, "contrast": "c", "outcome": "abstinent", "horizon_days": 180}
    rows = [{**key, "arm": "iop", "level": f"level {i}", "count": n, "status": "ok"} for i, n in enumerate(people)]
    return made("counts", rows)


def filed(frame: pd.DataFrame, folder: Path, policy: Policy = CMS) -> Path:
    path = folder / "ledger.csv"
    store.write("ledger", ledger.written(frame, made("curves", []), LifeTables(policy, {}, {}), policy), path)
    return path


def test_a_ledger_comes_back_as_it_was_told(tmp_path: Path) -> None:
    frame = counts("ours", 100, 57)
    frame.loc[1, ["count", "rounded_to", "count_low", "count_high"]] = pd.NA
    told = ledger.read(str(filed(frame, tmp_path)), "ours", CMS)
    assert told == [{ledger.keys_of(frame)[0]: (100, 100)}]


def test_a_ledger_does_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    frame = counts("ours", 100, 57, 31)
    first, second = (filed(f, tmp_path / n) for n, f in (("a", frame), ("b", frame.iloc[::-1])))
    assert first.read_bytes() == second.read_bytes()
    assert "level" not in first.read_text(encoding="utf-8")


def test_a_ledger_of_another_cohort_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="ledger of the cohort 'theirs', and this run is of 'ours'"):
        ledger.read([str(filed(counts("theirs", 100), tmp_path))], "ours", CMS)


def test_a_ledger_under_another_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="released under the policy 'acro', and this run asks for 'cms'"):
        ledger.read([str(filed(counts("ours", 100), tmp_path, POLICIES["acro"]))], "ours", CMS)


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("100", "101"),
        lambda text: "".join(text.splitlines(keepends=True)[:-1]),
        lambda text: text.splitlines(keepends=True)[0],
    ],
    ids=["a number", "a row taken away", "all rows taken away"],
)
def test_an_edited_ledger_is_refused(edit: object, tmp_path: Path) -> None:
    path = filed(counts("ours", 100, 57), tmp_path)
    path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")  # type: ignore[operator]
    with pytest.raises(StudyError, match="is not as it was released"):
        ledger.read([str(path)], "ours", CMS)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00"])
def test_a_file_that_is_no_ledger_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    path.write_bytes(content)
    with pytest.raises(StudyError, match="is no ledger of a release"):
        ledger.read([str(path)], "ours", CMS)


def test_a_ledger_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="is no ledger of a release"):
        ledger.read([str(tmp_path / "ledger.csv")], "ours", CMS)
