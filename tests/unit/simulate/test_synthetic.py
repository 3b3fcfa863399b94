from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats as distributions

from iop_outcomes import sources
from iop_outcomes.errors import StudyError
from iop_outcomes.simulate import cohort
from iop_outcomes.simulate.cohort import contacts
from iop_outcomes.simulate.cohort.labels import recorded_levels
from iop_outcomes.simulate.cohort.model import (
    COMPLETED,
    DIED,
    IOP,
    OUTPATIENT,
    RESIDENCE,
    TRANSFERRED,
    UNPLANNED,
    WEEKS,
    Course,
    Strategy,
    simulate,
)
from iop_outcomes.simulate.cohort.program_records import Roll, enrol, person_rows, stay_rows
from iop_outcomes.simulate.cohort.stays import Stays, care_days, index_exit, stays_of
from iop_outcomes.tables import TABLES, check

Tables = dict[str, pd.DataFrame]
SETTINGS: dict[str, object] = {"people": 4000, "sites": 40, "seed": 20260101}


@pytest.fixture(scope="module")
def messy() -> Tables:
    return cohort.read(SETTINGS)


@pytest.fixture(scope="module")
def clean() -> Tables:
    """The same records before errors."""
    model, records, _, labels = (np.random.default_rng(s) for s in np.random.SeedSequence(20260101).spawn(4))
    return cohort.clean_tables(4000, 40, "base", model, records, labels)


@dataclass(frozen=True)
class Year:
    """A small cohort with what the records were made from; people 1500 and up are ineligible."""

    course: Course
    stays: Stays
    words: np.ndarray
    roll: Roll
    tables: Tables


@pytest.fixture(scope="module")
def year() -> Year:
    rng = np.random.default_rng(7)
    course = simulate(1600, 40, rng)
    stays = stays_of(course)
    roll = enrol(course, 1500, rng)
    words = recorded_levels(stays, np.random.default_rng(8))
    weeks = contacts.care_weeks(stays, words, roll)
    tables = {
        "stays": stay_rows(stays, words, roll, rng),
        "persons": person_rows(course, roll, rng),
        "sessions": contacts.session_rows(course, weeks, roll, rng),
        "screens": contacts.screen_rows(course, weeks, roll, rng),
        "followups": contacts.followup_rows(course, roll, rng),
        "medications": contacts.medication_rows(course, roll, rng),
    }
    return Year(course, stays, words, roll, tables)


# three weeks of IOP, then two or four of outpatient care; the gap between them as given
@pytest.mark.parametrize(
    ("gap", "weeks_after", "starts", "linked"),
    [
        (0, 2, 21, 34),
        (5, 2, 26, 34),
        (13, 4, 34, 48),
        (17, 4, 38, 20),  # 18 days from the last day to the first: no longer linked
        (17, 2, 34, 34),  # a stay keeps its last day, and so is linked
    ],
)
def test_days_of_a_course_written_by_hand(gap: int, weeks_after: int, starts: int, linked: int) -> None:
    course = _blank(3)
    end = 3 + weeks_after
    course.level[0, :3], course.level[0, 3:end] = IOP, OUTPATIENT
    course.leaving[0, 2], course.leaving[0, end - 1] = COMPLETED, UNPLANNED
    course.gap_days[0, 2] = gap
    course.level[1, 0], course.leaving[1, 0] = IOP, DIED
    course.level[2, :] = IOP  # never left
    found = stays_of(course)
    assert found.person.tolist() == [0, 0, 1, 2]
    assert found.start_day.tolist() == [0, starts, 0, 0]
    assert found.end_day.tolist() == [20, 7 * end - 1, 6, 363]
    assert found.cause.tolist() == [COMPLETED, UNPLANNED, DIED, 0]
    days, cause = index_exit(found)
    assert (days.tolist(), cause.tolist()) == ([20, 6, 363], [COMPLETED, DIED, 0])
    assert care_days(found).tolist() == [linked, 6, 363]
    assert care_days(found, None).tolist() == [7 * end - 1, 6, 363]


def test_a_transfer_at_the_same_level_is_a_new_stay() -> None:
    course = _blank(2)
    course.level[:, 0] = IOP
    course.leaving[:, 0] = TRANSFERRED
    course.level[0, 1:4], course.leaving[0, [1, 3]] = OUTPATIENT, [TRANSFERRED, COMPLETED]
    found = stays_of(course)
    assert found.start_day.tolist() == [0, 7, 14, 0]
    assert found.end_day.tolist() == [6, 13, 27, 6]


def _blank(n: int) -> Course:
    """Nobody ever in care."""
    course = simulate(n, 2, np.random.default_rng(0))
    grid = (n, WEEKS)
    empty = {name: np.zeros(grid, dtype=np.int8) for name in ("level", "leaving", "gap_days")}
    return replace(course, **empty)


def test_strategies_hold_people_in_care() -> None:
    exact = simulate(800, None, np.random.default_rng(1), arm=0, strategy=Strategy(stay_exactly=13, hours=9.0))
    inside = exact.level > 0
    assert inside[:, :13].all()
    assert not inside[:, 13:].any()
    assert np.array_equal(exact.hours[inside], np.full(800 * 13, 9.0))
    least = simulate(800, None, np.random.default_rng(1), arm=1, strategy=Strategy(stay_at_least=6))
    assert (least.level[:, :6] > 0).all()
    assert 0.1 < (least.level[:, 8] == 0).mean() < 0.9


def test_the_arm_leaves_the_people_as_they_are() -> None:
    first, second = (simulate(50, 5, np.random.default_rng(3), arm=arm) for arm in (0, 1))
    assert np.array_equal(first.baseline.severity, second.baseline.severity)
    assert set(first.level[:, 0]) == {3}
    assert set(second.level[:, 0]) == {2}


def test_sessions_add_up_to_the_hours_of_the_week(year: Year) -> None:
    weeks = contacts.care_weeks(year.stays, year.words, year.roll)
    wanted = pd.DataFrame(
        {
            "person_id": year.roll.person_id[weeks.person],
            "week": weeks.week,
            "minutes": np.rint(60 * year.course.hours[weeks.person, weeks.week]),
            "seen": 7 * weeks.week + 6 <= year.roll.last_day[weeks.person],
        }
    )
    rows = year.tables["sessions"]
    found = rows.groupby(["person_id", rows["day"] // 7])["minutes"].sum().rename("found")
    both = wanted.join(found, on=["person_id", "week"]).fillna({"found": 0.0})[lambda f: f["seen"]]
    assert len(both) > 15_000
    assert (both["found"] == both["minutes"]).all()
    assert (rows["minutes"] > 0).all()
    assert rows["minutes"].max() < 1440
    assert (rows["minutes"] % 1 == 0).all()
    assert not rows.duplicated(["person_id", "day"]).any()


def test_residents_are_seen_daily_and_outpatients_once_a_week(year: Year) -> None:
    rows = year.tables["sessions"]
    person = pd.Series(np.arange(1600), index=year.roll.person_id)[rows["person_id"]].to_numpy()
    rows = rows.assign(level=year.course.level[person, (rows["day"] // 7).to_numpy(dtype="int64")])
    days = rows.groupby(["level", "person_id", rows["day"] // 7]).size()
    assert (days[RESIDENCE] == 7).mean() > 0.98
    assert (days[OUTPATIENT] == 1).all()
    assert days[IOP].between(1, 5).all()
    iop = rows[rows["level"] == IOP]
    assert 130 < iop["minutes"].median() < 200
    virtual = iop.groupby("person_id")["modality"].agg(lambda m: (m == "virtual").mean())
    assert set(virtual) == {0.0, 1.0}
    assert 0.11 < virtual.mean() < 0.19


def test_screens_are_weekly_and_tell_the_truth(year: Year) -> None:
    rows = year.tables["screens"]
    person = pd.Series(np.arange(1600), index=year.roll.person_id)[rows["person_id"]].to_numpy()
    week = (rows["day"] // 7).to_numpy(dtype="int64")
    assert not pd.DataFrame({"person": person, "week": week}).duplicated().any()
    known = (rows["result"] != "missing").to_numpy()
    used = year.course.used[person, week]
    assert np.array_equal((rows["result"] == "positive").to_numpy()[known], used[known])
    assert np.array_equal(~known, year.course.screen_missed[person, week])
    assert (~known)[used].mean() > 1.5 * (~known)[~used].mean()


def test_records_of_contact_lie_within_stays(clean: Tables) -> None:
    stays = clean["stays"][["person_id", "start_day", "end_day"]].fillna({"end_day": 10**6})
    for name in ("sessions", "screens"):
        rows = clean[name].reset_index(names="row")
        joined = rows.merge(stays, on="person_id")
        covered = joined[joined["day"].between(joined["start_day"], joined["end_day"])]
        assert set(covered["row"]) == set(rows["row"])


def test_nobody_is_in_two_places(clean: Tables) -> None:
    stays = clean["stays"].fillna({"end_day": 10**6}).sort_values(["person_id", "start_day"])
    assert (stays["end_day"] >= stays["start_day"]).all()
    before = stays.groupby("person_id")["end_day"].shift()
    assert (stays["start_day"] > before)[before.notna()].all()
    assert stays["stay_id"].is_unique


def test_nothing_is_recorded_after_the_end_of_observation(clean: Tables) -> None:
    persons = clean["persons"].set_index("person_id")
    last = persons["observed_to_day"].where(persons["death_day"].isna(), persons["death_day"])
    assert (persons["death_day"].fillna(0) <= persons["observed_to_day"]).all()
    early = persons["observed_to_day"] < 364
    assert distributions.binomtest(int(early.sum()), len(early), 0.03).pvalue > 1e-4
    assert persons.loc[early, "observed_to_day"].between(240, 363).all()
    days = {"stays": ["start_day", "end_day"], "sessions": ["day"], "screens": ["day"]}
    days |= {"followups": ["target_day"], "medications": ["start_day", "end_day"]}
    for name, columns in days.items():
        for column in columns:
            known = clean[name].dropna(subset=column)
            assert (known[column] <= known["person_id"].map(last)).all(), (name, column)
    stays = clean["stays"]
    assert (stays["end_day"].isna() == stays["discharge_reason"].isna()).all()
    dead = stays[stays["discharge_reason"] == "died"]
    assert (dead["end_day"] == dead["person_id"].map(persons["death_day"])).all()


def test_gaps_at_step_down_are_short_and_sometimes_break_the_continuum(year: Year) -> None:
    course = simulate(20_000, None, np.random.default_rng(2))
    drawn = course.gap_days[(course.leaving == COMPLETED) & (np.roll(course.level, -1, axis=1) > 0)]
    assert 0.012 < (drawn > 14).mean() < 0.018
    assert (drawn <= 2).mean() > 0.8
    assert drawn.max() == 20
    assert 14 not in drawn
    assert (course.gap_days[course.leaving != COMPLETED] == 0).all()


def test_interviews_agree_with_the_weeks_that_they_ask_about(year: Year) -> None:
    rows = year.tables["followups"]
    person = pd.Series(np.arange(1600), index=year.roll.person_id)[rows["person_id"]].to_numpy()
    assert set(rows["target_day"]) == {91, 182, 364}
    held = rows["day"].notna().to_numpy()
    assert (rows["day"] == rows["target_day"])[held].all()
    answers = ["days_used", "first_use_day", "no_use_through_day"]
    assert rows.loc[~held, answers].isna().all(axis=None)
    for target, first, last in ((91, 9, 12), (182, 22, 25), (364, 48, 51)):
        at = held & (rows["target_day"] == target).to_numpy()
        weeks = year.course.used[person[at], first : last + 1].sum(axis=1)
        days = rows.loc[at, "days_used"].to_numpy()
        assert ((days >= weeks) & (days <= 7 * weeks)).all()
        before = year.course.used[person[at], : target // 7]
        use = before.any(axis=1)
        first_day = rows.loc[at, "first_use_day"]
        assert np.array_equal(first_day.notna(), use)
        assert np.array_equal(first_day[use].to_numpy(dtype="int64") // 7, before[use].argmax(axis=1))
        through = rows.loc[at, "no_use_through_day"]
        assert (through == first_day.fillna(target) - 1).all()
    assert (rows.groupby("person_id")["first_use_day"].nunique() <= 1).all()


def test_ineligible_people_are_as_they_should_be(clean: Tables) -> None:
    stays, persons = clean["stays"], clean["persons"]
    assert len(persons) == 4240
    treatment = stays[stays["level_of_care"] != "detox"]
    assert (persons["age"] < 18).sum() == 60
    other = treatment[treatment["program_type"] != "substance_use"]
    assert other["person_id"].nunique() == 60
    assert set(other["program_type"]) == {"mental_health", "eating_disorder"}
    only_detox = set(persons["person_id"]) - set(treatment["person_id"])
    assert len(only_detox) == 60
    assert not clean["sessions"]["person_id"].isin(only_detox).any()
    earlier = treatment[treatment["start_day"] < 0]
    assert len(earlier) == 60
    assert (-earlier["end_day"]).between(16, 50).all()
    assert not stays[stays["level_of_care"] == "detox"]["person_id"].isin(earlier["person_id"]).any()
    starts = treatment.groupby("person_id")["start_day"].agg(lambda days: (days == 0).sum())
    assert (starts == 1).all()
    detox = stays[(stays["level_of_care"] == "detox") & ~stays["person_id"].isin(only_detox)]
    assert (detox["end_day"] == -1).all()
    assert (detox["end_day"] - detox["start_day"] + 1).between(3, 7).all()
    assert distributions.binomtest(len(detox), 4120, 0.25).pvalue > 1e-4


def test_pseudonyms_tell_neither_arm_nor_order(clean: Tables) -> None:
    ids = clean["persons"]["person_id"]
    assert ids.is_unique
    assert ids.str.fullmatch("P[A-Z2-9]{6}").all()
    position = ids.rank()
    index = clean["stays"].query("start_day == 0 and level_of_care != 'detox'").set_index("person_id")
    arm = (ids.map(index["scheduled_hours_per_week"]) < 20).astype(float)
    assert abs(np.corrcoef(position, arm)[0, 1]) < 0.06
    assert abs(np.corrcoef(position, np.arange(len(ids)))[0, 1]) < 0.06


def test_medications_go_to_opioid_and_alcohol(clean: Tables) -> None:
    drug = clean["persons"].set_index("person_id")["primary_drug"]
    taking = pd.Series(drug.index.isin(clean["medications"]["person_id"]), index=drug.index)
    shares = taking.groupby(drug).mean()
    assert shares[["stimulant", "cannabis"]].tolist() == [0, 0]
    assert 0.45 < shares["opioid"] < 0.55
    assert 0.07 < shares["alcohol"] < 0.13


def test_unknown_values_and_noise(clean: Tables) -> None:
    persons = clean["persons"]
    limits = {"stable_housing": 0.01, "cooccurring_disorder": 0.01, "race": 0.02, "employment": 0.02}
    for name, share in limits.items():
        unknown = int((persons[name] == "unknown").sum())
        assert distributions.binomtest(unknown, len(persons), share).pvalue > 1e-4, name
    for name in ("race", "education", "employment"):
        groups = [g.to_numpy() for _, g in persons.groupby(name)["severity"]]
        assert distributions.f_oneway(*groups).pvalue > 1e-4, name


def test_raw_tables_keep_to_their_declaration(messy: Tables) -> None:
    read = sources.read("synthetic", {"kind": "synthetic", "note": "any", **SETTINGS})
    assert set(messy) == {"stays", "persons", "sessions", "screens", "followups", "medications"}
    for name, frame in messy.items():
        check(TABLES[f"raw_{name}"], frame)
        pd.testing.assert_frame_equal(read[name], frame)


def test_the_seed_decides(messy: Tables) -> None:
    other = cohort.read({**SETTINGS, "seed": 2})
    assert not set(other["persons"]["person_id"]) & set(messy["persons"]["person_id"][:5])
    assert len(other["sessions"]) != len(messy["sessions"])


# counts of what can be seen to be wrong, in the messy records alone
def _wrong(messy: Tables, clean: Tables) -> dict[str, tuple[int, int, float]]:
    stays, sessions, screens = messy["stays"], messy["sessions"], messy["screens"]
    known = set(clean["stays"]["stay_id"])
    extra = stays[~stays["stay_id"].isin(known)]
    first = clean["stays"].merge(extra, on="person_id", suffixes=("", "_extra"))
    same = first[(first["level_of_care"] == first["level_of_care_extra"])]
    near = same[(same["start_day"] == same["start_day_extra"]) & ((same["end_day"] - same["end_day_extra"]).abs() <= 2)]
    split = same[(same["start_day"] < same["start_day_extra"]) & (same["end_day"] == same["end_day_extra"])]
    n_stays, n_sessions, n_screens = (len(clean[name]) for name in ("stays", "sessions", "screens"))
    impossible = (sessions["minutes"] < 0) | (sessions["minutes"] > 1440)
    return {
        "exact duplicate": (int(stays.duplicated().sum()), n_stays, 0.005),
        "near duplicate": (len(near), n_stays, 0.003),
        "split": (len(split), n_stays, 0.002),
        "end before start": (int((stays["end_day"] < stays["start_day"]).sum()), n_stays, 0.002),
        "level": (int((stays["level_of_care"] == "IOP?").sum()), n_stays, 0.0015),
        "reason": (int((stays["discharge_reason"] == "99").sum()), n_stays, 0.0015),
        "hours": (int((stays["scheduled_hours_per_week"] > 168).sum()), n_stays, 0.001),
        "minutes": (int(impossible.sum()), n_sessions, 0.0005),
        "outside": (len(sessions) - n_sessions, n_sessions, 0.0005),
        "result": (int((screens["result"] == "POS?").sum()), n_screens, 0.001),
        "screen twice": (int(screens.duplicated().sum()), n_screens, 0.002),
    }


def test_mess_happens_at_its_rates(messy: Tables, clean: Tables) -> None:
    for name, (found, rows, rate) in _wrong(messy, clean).items():
        assert found > 0, name
        assert distributions.binomtest(found, rows, rate).pvalue > 1e-4, (name, found, rows * rate)
    assert (messy["persons"]["age"] > 120).sum() == 2


def test_sessions_outside_stays_are_outside_true_stays(messy: Tables, clean: Tables) -> None:
    keys = ["person_id", "day"]
    merged = messy["sessions"].merge(clean["sessions"][keys], on=keys, how="left", indicator=True)
    added = merged[merged["_merge"] == "left_only"]
    stays = clean["stays"].fillna({"end_day": 10**6}).groupby("person_id")["end_day"].max()
    assert len(added) == len(messy["sessions"]) - len(clean["sessions"])
    assert (added["day"] > added["person_id"].map(stays)).all()


def test_mess_leaves_the_rest_alone(messy: Tables, clean: Tables) -> None:
    """Without errors and shuffling the two would be the same: nearly all rows are."""
    for name, least in {"stays": 0.985, "sessions": 0.999, "screens": 0.998, "followups": 1.0}.items():
        columns = list(clean[name].columns)
        same = clean[name].merge(messy[name].drop_duplicates(), on=columns, how="inner")
        assert len(same) >= least * len(clean[name]), name
    assert messy["followups"]["person_id"].tolist() != clean["followups"]["person_id"].tolist()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"people": "many"}, "people"),
        ({"people": 1}, "people"),
        ({"sites": 1}, "sites"),
        ({"seed": None}, "seed"),
        ({"seed": -1}, "seed"),
        ({"scenario": "worst"}, "setting_direct_harm"),
    ],
)
def test_wrong_settings_are_named(change: dict[str, object], word: str) -> None:
    with pytest.raises(StudyError, match=word):
        cohort.read({**SETTINGS, **change})
