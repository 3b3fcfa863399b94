from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from iop_outcomes.clean.episodes import days_of_care, link
from iop_outcomes.tables import TABLES, check
from iop_outcomes.vocabulary.levels import LEVELS

Stay = tuple[str, str, int, int | None, str | None]


def stays_of(records: list[Stay]) -> pd.DataFrame:
    """Canonical stays from (person, level, first day, last day, reason)."""
    n = len(records)
    frame = pd.DataFrame(records, columns=["person_id", "level_of_care", "start_day", "end_day", "discharge_reason"])
    frame = frame.assign(
        stay_id=[f"s{i}" for i in range(n)],
        site_id=[f"site{i}" for i in range(n)],
        planned_days=[float(i) for i in range(n)],
        scheduled_hours_per_week=np.nan,
        program_type="substance_use",
    )
    types = {name: c.dtype for name, c in TABLES["stays"].columns.items() if not c.optional}
    frame["discharge_reason"] = frame["discharge_reason"].astype(object)
    return check(TABLES["stays"], frame[list(types)].astype(types))


def persons_of(stays: pd.DataFrame, deaths: dict[str, int] | None = None) -> pd.DataFrame:
    ids = sorted(set(stays["person_id"]))
    return pd.DataFrame(
        {
            "person_id": pd.Series(ids, dtype=object),
            "observed_to_day": np.full(len(ids), 1000),
            "death_day": pd.Series([(deaths or {}).get(i) for i in ids], dtype="Int64"),
            "age": pd.Series([40] * len(ids), dtype="Int64"),
            "sex": pd.Series(["female"] * len(ids), dtype=object),
        }
    )


def episodes_of(records: list[Stay], gap: int = 14, deaths: dict[str, int] | None = None) -> list[dict[str, object]]:
    stays = stays_of(records)
    found = check(TABLES["episodes"], link(stays, persons_of(stays, deaths), gap).episodes)
    plain = found.astype(object).where(found.notna(), None)
    return [{str(k): v for k, v in row.items()} for row in plain.to_dict("records")]


def test_step_down_within_the_gap_is_one_episode() -> None:
    (one,) = episodes_of([("a", "3.5", 0, 28, "completed"), ("a", "2.1", 42, 90, "unplanned")])
    assert (one["index_level"], one["index_start_day"], one["index_end_day"]) == ("3.5", 0, 28)
    assert (one["index_reason"], one["episode_end_day"], one["episode_reason"]) == ("completed", 90, "unplanned")
    assert (one["site_id"], one["planned_days"], one["after_detox"]) == ("site0", 0.0, False)


def test_a_gap_of_15_days_begins_a_new_episode_and_is_counted_from_the_last_day() -> None:
    first, second = episodes_of([("a", "3.5", 0, 28, "completed"), ("a", "2.1", 43, 90, "unplanned")])
    assert (first["episode"], first["episode_end_day"], first["days_since_previous"]) == (1, 28, None)
    assert (second["episode"], second["index_level"], second["days_since_previous"]) == (2, "2.1", 15)


@pytest.mark.parametrize("gap", [0, 1, 7, 14, 30])
@pytest.mark.parametrize(("level", "site"), [("2.1", "one"), ("3.5", "other")])
def test_a_gap_counts_the_days_from_a_last_day_to_the_next_first_day(gap: int, level: str, site: str) -> None:
    """Discharged on the 1st and admitted on the 15th are 14 days apart, of which 13 are without care."""
    for apart in range(gap + 4):
        stays = stays_of([("a", "2.1", 0, 10, "unplanned"), ("a", level, 10 + apart, 90, "completed")])
        stays["site_id"] = ["one", site]
        found = link(stays, persons_of(stays), gap).episodes
        days_without_care = max(apart - 1, 0)
        assert len(found) == (1 if apart <= gap else 2)
        # 0 and 1 day apart are alike, without a day between
        assert (len(found) == 1) == (days_without_care < gap or apart == 0)
        if len(found) == 2:
            assert found["days_since_previous"].tolist()[1] == apart


def test_one_meaning_of_a_gap_wherever_it_is_told(project: Path) -> None:
    from iop_outcomes.protocol import GAP
    from iop_outcomes.protocol.rows import Endpoint
    from iop_outcomes.protocol.study import Care

    assert GAP in str(Care.model_fields["gap_days"].description)
    assert GAP in str(Endpoint.model_fields["gap_days"].description)
    guide = " ".join((project / "config/README.md").read_text().split())
    assert guide.count(GAP) == 2  # the key and the endpoints under other rules
    assert GAP in (project / "config/config.yaml").read_text()
    library = (project / "config/endpoints.tsv").read_text().splitlines()
    assert all(GAP in row for row in library if row.startswith("retained_gap_"))


def test_detoxification_never_starts_the_clock() -> None:
    (one,) = episodes_of([("a", "detox", -6, -1, "transferred"), ("a", "2.1", 3, 40, "completed")])
    assert (one["index_level"], one["index_start_day"], one["after_detox"]) == ("2.1", 3, True)
    # still in detoxification for two days of residential care: the higher level counts
    (one,) = episodes_of([("a", "detox", -6, 1, "transferred"), ("a", "3.5", 0, 40, "completed")])
    assert (one["index_start_day"], one["after_detox"]) == (0, True)


def test_detoxification_only_is_counted_and_left_out() -> None:
    stays = stays_of(
        [("a", "detox", 0, 5, "completed"), ("a", "2.1", 60, 80, "completed"), ("b", "detox", 0, 3, "unplanned")]
    )
    found = link(stays, persons_of(stays), 14)
    assert found.detox_only == 2
    assert found.episodes[["person_id", "episode", "index_start_day"]].to_numpy().tolist() == [["a", 1, 60]]
    assert found.episodes["days_since_previous"].isna().all()
    assert link(stays.iloc[[0, 2]], persons_of(stays), 14).episodes.empty


def test_where_detoxification_is_an_index_level_an_episode_starts_with_it_whatever_follows() -> None:
    stays = stays_of(
        [
            ("a", "detox", -6, -1, "completed"), ("a", "2.1", 3, 40, "completed"), ("b", "detox", 0, 3, "unplanned"),
            ("c", "3.5", 0, 20, "completed"), ("c", "detox", 25, 30, "completed"),
        ]
    )  # fmt: skip
    found = link(stays, persons_of(stays), 14, detoxification="as_index")
    assert found.detox_only == 0
    columns = ["person_id", "index_level", "index_start_day", "index_end_day", "index_reason", "episode_end_day"]
    assert check(TABLES["episodes"], found.episodes)[columns].to_numpy().tolist() == [
        ["a", "detox", -6, -1, "completed", 40],
        ["b", "detox", 0, 3, "unplanned", 3],
        ["c", "3.5", 0, 20, "completed", 30],
    ]


def test_reentry_at_the_same_level_continues_the_index_stay_unless_another_level_lies_between() -> None:
    (one,) = episodes_of([("a", "2.1", 0, 20, "unplanned"), ("a", "2.1", 30, 60, "completed")])
    assert (one["index_end_day"], one["index_reason"]) == (60, "completed")
    (one,) = episodes_of(
        [("a", "2.1", 0, 20, "transferred"), ("a", "3.5", 21, 40, "completed"), ("a", "2.1", 41, 60, "completed")]
    )
    assert (one["index_end_day"], one["index_reason"], one["episode_end_day"]) == (20, "transferred", 60)
    (one,) = episodes_of(
        [("a", "2.1", 0, 20, "unplanned"), ("a", "detox", 22, 25, "transferred"), ("a", "2.1", 26, 60, "completed")]
    )
    assert (one["index_end_day"], one["index_reason"]) == (20, "unplanned")


def test_the_highest_level_counts_where_stays_overlap() -> None:
    # stepped up to residential care on day 10 while the outpatient record stayed open on paper
    (one,) = episodes_of([("a", "1", 0, 100, "completed"), ("a", "3.5", 10, 20, "completed")])
    assert (one["index_level"], one["index_end_day"], one["index_reason"]) == ("1", 9, "transferred")
    assert (one["episode_end_day"], one["episode_reason"]) == (100, "completed")
    # began both on one day
    (one,) = episodes_of([("a", "1", 0, 100, "completed"), ("a", "3.5", 0, 20, "unplanned")])
    assert (one["index_level"], one["index_end_day"], one["index_reason"]) == ("3.5", 20, "unplanned")


def test_of_two_records_that_end_together_the_one_begun_last_gives_the_reason() -> None:
    (one,) = episodes_of([("a", "2.1", 0, 40, "unplanned"), ("a", "2.1", 10, 40, "completed")])
    assert (one["index_end_day"], one["index_reason"], one["episode_reason"]) == (40, "completed", "completed")
    assert one["site_id"] == "site0"


def test_an_open_stay_leaves_end_and_reason_missing() -> None:
    (one,) = episodes_of([("a", "3.5", 0, 20, "completed"), ("a", "2.1", 25, None, None)])
    assert (one["index_end_day"], one["index_reason"]) == (20, "completed")
    assert (one["episode_end_day"], one["episode_reason"]) == (None, None)
    (one,) = episodes_of([("a", "2.1", 0, None, None), ("a", "1", 500, 520, "completed")])
    assert (one["index_end_day"], one["index_reason"], one["episode_end_day"]) == (None, None, None)


@pytest.mark.parametrize(
    ("last", "reason", "death", "end", "said"),
    [
        (50, "unplanned", 30, 30, "died"),
        (50, "other", 50, 50, "died"),
        (None, None, 30, 30, "died"),
        (50, "unplanned", 51, 50, "unplanned"),
        (50, "completed", 0, 0, "died"),
    ],
)
def test_a_death_within_a_stay_ends_it(last: int | None, reason: str | None, death: int, end: int, said: str) -> None:
    (one,) = episodes_of([("a", "2.1", 0, last, reason)], deaths={"a": death})
    assert (one["index_end_day"], one["index_reason"]) == (end, said)
    assert (one["episode_end_day"], one["episode_reason"]) == (end, said)


def test_a_later_death_leaves_the_reason_of_the_index_level() -> None:
    records: list[Stay] = [("a", "3.5", 0, 20, "completed"), ("a", "2.1", 25, 90, "unplanned")]
    (one,) = episodes_of(records, deaths={"a": 60})
    assert (one["index_reason"], one["episode_end_day"], one["episode_reason"]) == ("completed", 60, "died")


def test_no_stays_give_no_episodes() -> None:
    none = TABLES["stays"].empty()
    found = link(none, TABLES["persons"].empty(), 14)
    assert len(check(TABLES["episodes"], found.episodes)) == 0


# any records of up to three people, over 80 days, with open stays and every reason
RECORD = st.tuples(
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["detox", "1", "2.1", "3.5"]),
    st.integers(-10, 60),
    st.one_of(st.none(), st.integers(0, 20)),
    st.sampled_from(["completed", "unplanned", "transferred", "other"]),
).map(lambda r: (r[0], r[1], r[2], None, None) if r[3] is None else (r[0], r[1], r[2], r[2] + r[3], r[4]))
RECORDS = st.lists(RECORD, min_size=1, max_size=9)
FAR = 100


def by_day(stays: pd.DataFrame) -> Iterator[tuple[str, list[tuple[int, dict[str, object]]]]]:
    """Another way to the same end: each person's days in care with the record that gives the day its level."""
    for person, own in stays.groupby("person_id"):
        rows = own.astype(object).where(own.notna(), None).to_dict("records")
        days = []
        for day in range(-10, FAR):
            there = [r for r in rows if r["start_day"] <= day and (r["end_day"] is None or day <= r["end_day"])]
            if there:
                rank = max(LEVELS.index(r["level_of_care"]) for r in there)
                top = [r for r in there if LEVELS.index(r["level_of_care"]) == rank]
                days.append((day, min(top, key=lambda r: (-r["start_day"], r["stay_id"]))))
        yield str(person), [(d, {str(k): v for k, v in r.items()}) for d, r in days]


def linked_by_day(stays: pd.DataFrame, gap: int) -> list[tuple[object, ...]]:
    """Person, index level, start, end, reason, episode end, reason and detoxification before, walking day by day."""
    found: list[tuple[object, ...]] = []
    for person, days in by_day(stays):
        own = stays[stays["person_id"] == person]
        spells: list[list[tuple[int, dict[str, object]]]] = []
        for day in days:
            # the rule speaks of the days between records, not of the days within one
            before = spells[-1][-1][0] if spells else -FAR
            spans = (own["start_day"] <= before) & (own["end_day"].fillna(FAR) >= day[0])
            if not spells or (day[0] - before > gap and not spans.any()):
                spells.append([])
            spells[-1].append(day)
        for spell in spells:
            treated = [i for i, (_, r) in enumerate(spell) if r["level_of_care"] != "detox"]
            if not treated:
                continue
            index = stop = treated[0]
            while stop + 1 < len(spell) and spell[stop + 1][1]["level_of_care"] == spell[index][1]["level_of_care"]:
                stop += 1
            ends = [ending(*spell[at]) for at in (stop, -1)]
            first = spell[index]
            found.append((person, first[1]["level_of_care"], first[0], *ends[0], *ends[1], index > 0))
    return found


def ending(day: int, record: dict[str, object]) -> tuple[object, object]:
    if day == FAR - 1:
        return None, None
    return day, record["discharge_reason"] if record["end_day"] == day else "transferred"


COMPARED = [
    "person_id", "index_level", "index_start_day", "index_end_day", "index_reason", "episode_end_day",
    "episode_reason", "after_detox",
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@example([("b", "detox", 0, None, None), ("b", "1", 0, 0, "completed")], 0)
@given(RECORDS, st.sampled_from([0, 1, 7, 14, 30]))
def test_linking_agrees_with_a_walk_day_by_day(records: list[Stay], gap: int) -> None:
    stays = stays_of(records)
    found = link(stays, persons_of(stays), gap).episodes
    plain = found[COMPARED].astype(object).where(found[COMPARED].notna(), None)
    assert [tuple(row) for row in plain.to_numpy().tolist()] == linked_by_day(stays, gap)


@settings(max_examples=40, deadline=None)
@given(RECORDS)
def test_days_in_care_are_conserved(records: list[Stay]) -> None:
    stays = stays_of(records)
    care = days_of_care(stays, persons_of(stays))
    counted = [
        (person, day, level)
        for person, level, start, end, _ in care.astype(object).to_numpy().tolist()
        for day in range(start, FAR if pd.isna(end) else end + 1)
    ]
    assert sorted(counted) == sorted((p, d, r["level_of_care"]) for p, days in by_day(stays) for d, r in days)


@settings(max_examples=30, deadline=None)
@given(RECORDS, st.randoms(use_true_random=False), st.integers(0, 30))
def test_the_order_of_the_records_does_not_matter(records: list[Stay], random: object, gap: int) -> None:
    stays = stays_of(records)
    order = list(range(len(stays)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = link(stays.iloc[order], persons_of(stays), gap)
    pd.testing.assert_frame_equal(shuffled.episodes, link(stays, persons_of(stays), gap).episodes)


@settings(max_examples=30, deadline=None)
@given(RECORDS, st.integers(0, 40), st.integers(0, 40))
def test_a_larger_gap_never_gives_more_episodes(records: list[Stay], one: int, other: int) -> None:
    stays = stays_of(records)
    small, large = (link(stays, persons_of(stays), g) for g in sorted((one, other)))
    assert len(large.episodes) <= len(small.episodes)
    assert len(large.episodes) + large.detox_only <= len(small.episodes) + small.detox_only


@settings(max_examples=30, deadline=None)
@given(RECORDS, st.integers(0, 30))
def test_linking_what_is_linked_changes_nothing(records: list[Stay], gap: int) -> None:
    stays = stays_of(records)
    once = link(stays, persons_of(stays), gap).episodes
    again = stays_of(
        [
            (r.person_id, r.index_level, r.index_start_day, *missing(r.episode_end_day, r.episode_reason))
            for r in once.itertuples()
        ]
    )
    twice = link(again, persons_of(again), gap).episodes
    kept = ["person_id", "episode", "index_level", "index_start_day", "episode_end_day", "days_since_previous"]
    pd.testing.assert_frame_equal(twice[kept], once[kept])
    assert (twice["index_end_day"].isna() == once["episode_end_day"].isna()).all()


def missing(day: object, reason: object) -> tuple[object, object]:
    return (None, None) if pd.isna(day) else (day, reason)


def test_a_hundred_thousand_stays_are_linked_within_seconds() -> None:
    rng = np.random.default_rng(1)
    n = 100_000
    start = rng.integers(0, 700, n)
    stays = pd.DataFrame(
        {
            "person_id": pd.Series(rng.integers(0, n // 3, n)).astype(str),
            "stay_id": pd.Series(range(n)).astype(str),
            "site_id": "x",
            "level_of_care": rng.choice(np.array(LEVELS, dtype=object), n),
            "start_day": start,
            "end_day": pd.Series(start + rng.integers(0, 90, n)).astype("Int64"),
            "discharge_reason": "completed",
            "planned_days": np.nan,
            "scheduled_hours_per_week": np.nan,
            "program_type": "substance_use",
        }
    )
    persons = persons_of(stays)
    begin = time.process_time()
    found = link(stays, persons, 14)
    assert time.process_time() - begin < 5
    assert found.episodes["person_id"].nunique() > 30_000
