"""Where people are: stretches from stays by hand, and shares and days of them held to the library's and to counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from contrast_people import CONTRAST, GATE, INFERENCE, ask, people_of_a_contrast
from parts import endpoint

import iop_outcomes as iop
from iop_outcomes.analyses import places, retention
from iop_outcomes.analyses.outcomes import in_places
from iop_outcomes.tables import TABLES, check
from iop_outcomes.vocabulary.levels import LEVELS
from iop_outcomes.vocabulary.places import NAMES, OF_LEVEL

SHARE, DAYS = "share_in_place", "days_in_place"
PLACE = endpoint("place_of_care", "place_of_care")
IOP, RES, OUT, DONE, DIED = "at_intensive_outpatient", "at_residential", "out_otherwise", "out_completed", "died"


def table(name: str, rows: list[dict], **defaults) -> pd.DataFrame:
    """A declared table from a few cells; what is not given is missing or the default."""
    given = {n for r in rows for n in r} | set(defaults)
    columns = {n: c for n, c in TABLES[name].columns.items() if not c.optional or n in given}
    frame = pd.DataFrame([{n: r.get(n, defaults.get(n)) for n in columns} for r in rows], columns=list(columns))
    return check(TABLES[name], frame.astype({n: c.dtype for n, c in columns.items()}))


def made(*care: tuple, death: int | None = None, observed: int = 100, last_day: int = 60, **known) -> list[tuple]:
    """Stretches of one person from stays: level, first and last day, how it ended, and the latest last day."""
    who = {"person_id": "a", "record_id": "a", "index_start_day": 0, "observed_days": observed}
    defaults = {"site_id": "S1", "index_level": "2.1", "level_asam": "2.1", "level_broad": "2.1",
                "reported_care": "none", "entry_period": "unknown", "clock_start_day": 0, "assigned_arm": "none",
                "trial": "none"}  # fmt: skip
    named = [
        {"stay_id": f"s{i}", "level_of_care": level, "start_day": a, "end_day": b, "discharge_reason": why,
         **({"end_day_latest": more[0]} if more else {})}
        for i, (level, a, b, why, *more) in enumerate(care)
    ]  # fmt: skip
    stays = table("stays", named, person_id="a", site_id="S1", program_type="substance_use")
    person = [{"person_id": "a", "death_day": death, "observed_to_day": observed, **known}]
    given = table("people", [who], **defaults), table("persons", person, age=30, sex="female")
    found = check(TABLES["places"], places.run(*given, stays, last_day)["places"])
    again = places.run(*given, stays.iloc[::-1], last_day)["places"]
    pd.testing.assert_frame_equal(found.reset_index(drop=True), again.reset_index(drop=True))
    rows = found[["entered", "left", "place", "moved_to", "exact"]].itertuples(index=False)
    return [tuple(None if v is None or v != v else v for v in row) for row in rows]


def test_every_level_of_care_is_a_place():
    assert set(OF_LEVEL) == set(LEVELS)
    assert set(OF_LEVEL.values()) < set(NAMES)


def test_stays_and_days_between_them_by_hand():
    """Residential to day 20, nothing on days 21 to 29, the program to day 40, left early, and then nothing."""
    assert made(("3.5", 0, 20, "completed"), ("2.1", 30, 40, "unplanned")) == [
        (0, 21, RES, DONE, True),
        (21, 30, DONE, IOP, True),
        (30, 41, IOP, OUT, True),
        (41, 60, OUT, None, True),
    ]


def test_the_most_intensive_of_several_counts_and_the_same_place_goes_on():
    care = (("2.1", 0, 30, "completed"), ("3.5", 10, 15, "transferred"), ("3.1", 16, 18, "completed"))
    assert made(*care) == [
        (0, 10, IOP, RES, True),
        (10, 19, RES, IOP, True),
        (19, 31, IOP, DONE, True),
        (31, 60, DONE, None, True),
    ]


def test_nothing_is_known_before_time_zero_or_after_the_end_and_the_dead_stay_dead():
    assert made(("3.5", -9, 4, "completed"), ("2.1", 5, None, None), observed=30) == [
        (0, 5, RES, IOP, True), (5, 30, IOP, None, True)
    ]  # fmt: skip
    assert made(("2.1", 0, 40, "unplanned"), ("1", 41, 50, "completed"), death=12) == [
        (0, 12, IOP, DIED, True), (12, 60, DIED, None, True)
    ]  # fmt: skip
    # of the dead every day is known
    assert made(("2.1", 0, 40, "unplanned"), death=12, observed=20)[-1] == (12, 60, DIED, None, True)
    # the person left on the last day that is known, and died a day after it
    assert made(("2.1", 0, 29, "unplanned"), death=31, observed=30) == [(0, 30, IOP, OUT, True)]
    assert made(("2.1", 0, None, None), dropout_known_to_day=21) == [(0, 21, IOP, None, True)]
    assert made(("2.1", 20, 25, "completed"), last_day=22) == [(0, 20, OUT, IOP, True), (20, 22, IOP, None, True)]


def test_ends_that_are_intervals_are_marked_and_nothing_is_made_where_nothing_is_asked():
    assert {row[-1] for row in made(("2.1", 0, 20, "completed", 30))} == {False}
    assert made(("2.1", 0, 20, "completed"), last_day=0) == []
    assert not any(wanted.where is None for wanted in places.reads(0).values())
    assert places.reads(10) == {}


# ---------------------------------------------------------------------------------------------------- shares and days


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    """People of a contrast with invented courses; one in three is lost on the way, and some die."""
    given = people_of_a_contrast()
    rng = np.random.default_rng(3)
    rows = []
    for person, arm in zip(given["scores"]["person_id"], given["scores"]["arm"], strict=True):
        day, place = 0, IOP if arm == 1 else RES
        last = int(rng.integers(20, 90)) if rng.random() < 0.33 else 120
        while day < last and place != DIED:
            end = day + int(rng.integers(5, 60))
            others = [p for p in (IOP, RES, DONE, OUT) if p != place]
            then = None if end > last else DIED if rng.random() < 0.05 else str(rng.choice(others))
            rows.append((person, day, min(end, last), place, then))
            day, place = end, then or place
        if place == DIED and day < 120:
            rows.append((person, day, 120, DIED, None))
    made = pd.DataFrame(rows, columns=["person_id", "entered", "left", "place", "moved_to"]).assign(exact=True)
    return {**given, "places": check(TABLES["places"], TABLES["places"].cast(made))}


def asked(**changes):
    return ask(outcome="place_of_care", horizon_days=90, measure=SHARE, **changes)


def run(cohort: dict[str, pd.DataFrame], *questions) -> dict[str, pd.DataFrame]:
    given = (cohort[n] for n in ("retention", "scores", "gates"))
    found = retention.run(
        *given, questions, CONTRAST, {"place_of_care": PLACE}, GATE, INFERENCE, places=cohort["places"]
    )
    for name, one in found.items():
        check(TABLES[name], one)
    return found


@pytest.mark.parametrize(("measure", "told"), [(SHARE, "share"), (DAYS, "days")])
@pytest.mark.parametrize("day", [30, 90])
def test_arms_and_difference_are_those_of_the_library(cohort, measure, told, day):
    naive = asked(method="naive", estimand="as_observed").model_copy(update={"measure": measure, "horizon_days": day})
    found = run(cohort, naive)["estimates"].set_index(["of", "group"])
    rows = cohort["places"].merge(cohort["scores"][["person_id", "arm"]], on="person_id")
    columns = ("person_id", "entered", "left", "place", "moved_to")
    library = iop.states_over_time(rows, *columns, [day], told=told, by="arm", difference=(1, 0))
    names = {1: "iop", 0: "residential", "1 against 0": "difference"}
    theirs = library.assign(of=library["group"].map(names)).set_index(["of", "state"])
    assert len(found) == len(theirs)
    ours = found.loc[theirs.index]
    np.testing.assert_allclose(ours["estimate"], theirs["estimate"], atol=1e-12)
    np.testing.assert_allclose(ours["std_error"], theirs["std_error"], atol=1e-12)
    whole = found.drop("difference", level="of")["estimate"].groupby(level="of").sum()
    assert whole.to_numpy() == pytest.approx([1.0 if measure == SHARE else day] * 2)


def test_weights_without_censoring_give_the_weighted_share_and_who_is_lost_is_not_out_of_it(cohort):
    scores, whole = cohort["scores"], cohort["places"].groupby("person_id").tail(1)
    followed = whole[whole["left"] >= 120]["person_id"]
    some = {**cohort, "places": cohort["places"][cohort["places"]["person_id"].isin(followed)]}
    there = scores["person_id"].isin(followed).to_numpy()
    few = {**some, "scores": scores[there].reset_index(drop=True)}
    found = run(few, asked())["estimates"].set_index(["of", "group"])["estimate"]
    state = in_places.read(some["places"], few["scores"]).on(90) == NAMES.index(OUT)
    for arm, name in ((1, "iop"), (0, "residential")):
        own = (few["scores"]["arm"] == arm).to_numpy()
        share = np.average(state[own], weights=few["scores"].loc[own, "overlap"])
        assert found[name, OUT] == pytest.approx(share)
    # shares of all who began, the lost among them, add up to less than everyone
    counted = run(cohort, asked())["counts"].set_index(["arm", "level"])["count"]
    assert counted["iop", "not_yet_observed"] > 50


def test_people_are_counted_by_place_on_the_day_and_by_days_before_it(cohort):
    found = run(cohort, asked(), asked().model_copy(update={"measure": DAYS}))["counts"]
    size = cohort["scores"].groupby("arm").size()
    for (_, _, arm), own in found.groupby(["group_by", "group", "arm"]):
        assert own["count"].sum() == size[1 if arm == "iop" else 0]
    rows = cohort["places"].merge(cohort["scores"][["person_id", "arm"]], on="person_id")
    ever = rows[(rows["place"] == RES) & (rows["entered"] < 90) & (rows["arm"] == 1)]["person_id"].nunique()
    by = found.set_index(["group_by", "group", "arm", "level"])["count"]
    assert by["place_before_day", RES, "iop", "event"] == ever
    on = rows[(rows["entered"] <= 90) & (rows["left"] > 90) & (rows["place"] == RES) & (rows["arm"] == 1)]
    assert by["place_on_day", "all", "iop", RES] == len(on)


def test_there_is_no_ratio_and_a_place_that_nobody_was_in_has_no_row(cohort):
    found = run(cohort, asked())["estimates"]
    assert set(found["of"]) == {"iop", "residential", "difference"}
    assert "at_partial" not in set(found["group"])
    assert found["n_effective"].notna().all()


def test_what_cannot_be_known_is_said(cohort):
    late = run(cohort, asked().model_copy(update={"horizon_days": 150}))["estimates"]
    assert set(late["status"]) == {"not_possible"}
    assert late["reason"].str.contains("followed to about day 120").all()
    inexact = {**cohort, "places": cohort["places"].assign(exact=False)}
    found = run(inexact, asked())["estimates"]
    assert found["reason"].unique().tolist() == ["lengths of stay are known as intervals, not to the day"]
    assert set(found["group_by"]) == {"place_on_day"}
    nobody = run({**cohort, "places": cohort["places"].iloc[:0]}, asked())
    assert nobody["estimates"]["reason"].unique().tolist() == ["no days of care are on record in this cohort"]
    assert nobody["counts"].empty


def test_two_people_who_hold_all_days_of_a_place_are_told_to_the_release_alone(cohort):
    found = run(cohort, asked().model_copy(update={"measure": DAYS}))["diagnostics"]
    held = found[found["quantity"] == "held_by_two"].set_index(["arm", "group"])["value"]
    days = in_places.read(cohort["places"], cohort["scores"]).days(90)[:, NAMES.index(DIED)]
    own = np.sort(days[(cohort["scores"]["arm"] == 1).to_numpy()])[::-1]
    assert held["iop", DIED] == pytest.approx(own[:2].sum() / own.sum())


def test_the_demo_asks_where_people_are(project: Path):
    sheet = pd.read_csv(project / "config/analyses.tsv", sep="\t")
    own = sheet[(sheet["cohort"] == "demo") & (sheet["outcome"] == "place_of_care")]
    assert set(own["measure"]) == {SHARE, DAYS}
