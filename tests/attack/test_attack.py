"""The committed attack is whole and recovered nothing; a few dozen cohorts, attacked afresh, agree; and it bites."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import attack
import cohorts
import numpy as np
import pandas as pd
import pytest
from doors import LEFT_BEHIND, small_cells
from intruder import Found, one_release
from private_tables import Private, private
from puzzle import Puzzle, Target, plus
from rules import RULES

from iop_outcomes.release import gates, run

pytestmark = pytest.mark.truth
FRESH, FRESH_SEED, SOME = 8, 7, 2
# of each policy so many cohorts stand in the committed table
COMMITTED = dict.fromkeys(RULES, 1_000)


@pytest.fixture(scope="module")
def fresh() -> list[tuple[str, str, Found]]:
    """Other cohorts than the committed ones, of 60 to 200 people, each under one policy."""
    policies = list(RULES)
    return [
        found
        for at, seed in enumerate(attack.seeds(FRESH_SEED, FRESH))
        for found in attack.attacked(at, seed, [policies[(at // SOME + at) % 4]], 60 + 6 * at, SOME)
    ]


@pytest.fixture(scope="module")
def small() -> tuple[cohorts.Cohort, Private]:
    one = cohorts.cohort(np.random.default_rng(2), 140)
    return one, private(one)


def test_nothing_is_recovered_from_fresh_cohorts(fresh: list[tuple[str, str, Found]]) -> None:
    real = [(policy, found) for policy, door, found in fresh if door == attack.REAL]
    assert {policy for policy, _ in real} == set(RULES)
    assert sum(len(found.targets) for _, found in real) > 100
    assert not [
        (p, t.kind, t.name, t.truth, t.low, t.high) for p, f in real for k in attack.KINDS for t in f.recovered(k)
    ]


def test_nothing_that_is_released_is_untrue(fresh: list[tuple[str, str, Found]]) -> None:
    assert not [(policy, said) for policy, door, found in fresh if door == attack.REAL for said in found.false]


def test_doors_that_look_at_one_cell_at_a_time_give_people_away(fresh: list[tuple[str, str, Found]]) -> None:
    for door in attack.NAIVE:
        own = [found for _, d, found in fresh if d == door]
        assert sum(len(found.recovered(k)) for found in own for k in attack.KINDS) > 0, door
    for policy in RULES:
        own = [found for p, d, found in fresh if p == policy and d != attack.REAL]
        assert sum(len(found.recovered(k)) for found in own for k in attack.KINDS) > 0, policy


@pytest.mark.parametrize(("seed", "by_weeks"), [(2, False), (8, True)])
def test_what_the_intruder_takes_for_granted_is_so(seed: int, by_weeks: bool) -> None:
    """Where everything is told exactly, all that he knows holds together and gives every small number as it is; who is
    not at risk is told nowhere. by_weeks: strategies of staying and further care are asked about as well.
    """
    one = cohorts.cohort(np.random.default_rng(seed), 70)
    assert (one.asked.weeks, one.asked.onward) == (by_weeks, by_weeks)
    tables = private(one)
    released = run(**tables.asked("none"))
    found = one_release(released, tables.tables, tables.told, RULES["cms"], one.known.iloc[:0])
    assert not found.false
    told = [t for t in found.targets if t.kind in ("cell", "difference", "part") and "not at risk" not in t.name]
    assert len(told) > 40
    assert any(": left in weeks 1 to 3" in t.name for t in told) == by_weeks
    assert all(t.low == t.truth == t.high for t in told)


def test_small_cells_alone_are_given_back_by_their_sizes(small: tuple[cohorts.Cohort, Private]) -> None:
    one, tables = small
    found = one_release(small_cells(tables, "cms"), tables.tables, tables.told, RULES["cms"], one.known.iloc[:0])
    exact = [t for t in found.recovered("cell") if t.left == 1]
    assert len(exact) > 5


def test_two_unknowns_of_a_known_sum() -> None:
    """By hand: 20 people in two cells of 1 to 10 are ten each; of 15, six values remain; beside three or more, ten."""
    for total, third, left in ((20, 0, 1), (15, 0, 6), (15, 3, 10)):
        puzzle = Puzzle()
        names = ["a", "b", *(["c"] if third else [])]
        for name in ("a", "b"):
            puzzle.say(puzzle.all([name]), 1, 10)
        puzzle.say(puzzle.all(names), total, total)
        if third:
            puzzle.say(puzzle.all(["c"]), third, 100)
        puzzle.targets.append(Target("cell", "a", puzzle.all(["a"]), 8))
        puzzle.solve(11)
        assert puzzle.targets[0].left == left


def test_whole_numbers_leave_fewer_values_than_shares_do() -> None:
    """Three times one number less twice another is seven: the first is odd, at least three."""
    puzzle = Puzzle()
    a, b = puzzle.all(["a"]), puzzle.all(["b"])
    puzzle.say(plus((3.0, a), (-2.0, b)), 7, 7)
    puzzle.say(b, 0, 3)
    puzzle.targets.append(Target("cell", "a", a, 3))
    puzzle.solve(2)
    assert (puzzle.targets[0].low, puzzle.targets[0].high) == (3, 3)


def test_the_committed_attack_recovered_nothing_from_as_many_cohorts_as_it_says() -> None:
    table = pd.read_csv(attack.OUT)
    real = table[table["door"] == attack.REAL]
    assert real.groupby("policy")["cohorts"].unique().map(list).to_dict() == {p: [n] for p, n in COMMITTED.items()}
    assert (real["seed"] == attack.SEED).all()
    assert (real.groupby("policy")["hidden"].sum() > 20 * real.groupby("policy")["cohorts"].first()).all()
    assert not attack.wrong(table)
    assert (table[table["door"] == attack.BEFORE].groupby("policy")["recovered"].sum() > 0).all()


def test_a_study_that_was_stopped_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def lines(at: int, seed: np.random.SeedSequence, policies: list[str]) -> list[dict[str, object]]:
        tried.append((*policies, at))
        if len(tried) == 3:
            raise KeyboardInterrupt
        found = dict.fromkeys(attack.COUNTED, 1)
        return [{"policy": policy, "door": attack.REAL, "attack": "cell", **found} for policy in policies]

    monkeypatch.setattr(attack, "lines", lines)
    asked = ["--cohorts", "4", "--policy", "acro", "--out", str(tmp_path / "found.csv")]
    with pytest.raises(KeyboardInterrupt):
        attack.main(asked)
    assert pd.read_csv(tmp_path / "found.csv")[["hidden", "cohorts"]].to_numpy().tolist() == [[2, 2]]
    with pytest.raises(SystemExit):
        attack.main(asked)
    assert pd.read_csv(tmp_path / "found.csv")[["hidden", "cohorts"]].to_numpy().tolist() == [[4, 4]]
    assert tried == [("acro", at) for at in (0, 1, 2, 2, 3)]


@pytest.mark.parametrize("left", sorted(LEFT_BEHIND))
def test_numbers_beside_others_give_people_away_where_they_are_left_as_they_are(left: str) -> None:
    """The real release, in which one column is as it was before anything was rounded."""
    one = cohorts.cohort(np.random.default_rng(attack.seeds(attack.SEED, 1)[0]))
    rules, tables = RULES["opensafely"], private(one, RULES["opensafely"].events)
    released = run(**tables.asked("opensafely"))
    real, bitten = (
        one_release(found, tables.tables, tables.told, rules, one.known.iloc[:0])
        for found in (released, LEFT_BEHIND[left](released, tables))
    )
    assert not [t.name for kind in attack.KINDS for t in real.recovered(kind)]
    assert [t.name for kind in attack.KINDS for t in bitten.recovered(kind)]


def test_sums_that_a_gate_speaks_of_give_people_away_where_they_are_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A gate that asks for as many people as the smallest cell says that few of an arm are without the event."""
    at, policy, drawn = 18, "cms", cohorts.draw
    # weeks of care, and what else was asked later, would protect these people too
    less = {"weeks": False, "onward": False, "grid": False, "groups": False, "bands": False}
    monkeypatch.setattr(cohorts, "draw", lambda *given: replace(drawn(*given), **less))
    seed = attack.seeds(FRESH_SEED, at + 1)[at]
    (real,) = attack.attacked(at, seed, [policy], 72, 0)
    monkeypatch.setattr(gates, "asked", lambda _: {})
    (bitten,) = attack.attacked(at, seed, [policy], 72, 0)
    assert not [t.name for kind in attack.KINDS for t in real[2].recovered(kind)]
    assert [t.name for t in bitten[2].recovered("difference")] == ["residential abstinent out of care by 28"]


@pytest.mark.parametrize(("at", "size", "policy"), [(8, 100, "acro"), (24, 100, "cms")])
def test_releases_that_gave_people_away_do_so_no_more(at: int, size: int, policy: str) -> None:
    """Several ways of leaving that a curve tells together, and each of them on a day before; a gate that passed, of 25
    people of whom 11 have the event, beside others without it in two small cells, and those who did not answer.
    """
    seed = attack.seeds(attack.SEED, at + 1)[at]
    (found,) = attack.attacked(at, seed, [policy], size, 0)
    assert len(found[2].targets) > 20
    assert not [t.name for kind in attack.KINDS for t in found[2].recovered(kind)]


def test_people_may_leave_a_cell_as_others_come() -> None:
    """In this cohort a site gets its first of the other arm, and its people stand no longer alone."""
    found = list(attack.attacked(20, attack.seeds(attack.SEED, 21)[20], ["opensafely"], some=20))
    (both,) = [f for _, door, f in found if door == attack.REAL and f.hidden("two releases")]
    assert len(both.targets) > 20
    assert not both.recovered("two releases")
    assert not both.false


def test_cohorts_do_not_depend_on_how_many_there_are() -> None:
    few, many = attack.seeds(3, 2), attack.seeds(3, 5)
    one, other = (cohorts.cohort(np.random.default_rng(s[1]), 80) for s in (few, many))
    pd.testing.assert_frame_equal(one.known, other.known)


def test_a_cohort_that_grows_keeps_its_people() -> None:
    before, after = (cohorts.cohort(np.random.default_rng(4), 90, more=n) for n in (0, 3))
    assert len(after.known) == len(before.known) + 3
    pd.testing.assert_frame_equal(after.known.head(90), before.known)
