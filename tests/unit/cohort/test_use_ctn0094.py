"""The weekly patterns of CTN-0094, made from its urine screens and visits.

Two derivations were published. `usePatternUDS` (CTNote's outcomes): weeks begin on the day of randomisation, and every
opioid counts. `weekly_opioid_pattern.csv` (public.ctn0094extra): weeks begin the day after, and the drug of a person's
arm is as if it had not been tested for; a week in which nothing else is on record was missed, where here a test that
was given is excused. In both a week without a test was missed, to the end of the protocol: 168 days
from consent (98 from randomisation in CTN-0030, 168 from the second one where there is one), a last week of fewer days
among them. Of people who were never randomised day 0 is that of consent, and negative tests are not told.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from iop_outcomes.cohort.use import intervals, schedule, tests
from iop_outcomes.patterns.pattern import to_strings
from iop_outcomes.protocol import Schedule, Use
from iop_outcomes.sources.trials import ctn0094, ctn0094_tests

# the data of the package had eleven dates corrected (public.ctn0094data 1.0.1), probably after CTNote's outcomes were
# computed: one week of so many people is another by the data as they are now
OTHERWISE = 5
# people with a week of which nothing but the drug of their arm is on record
EXPLAINED = 4
WEEKLY = Schedule(kind="regular", every_days=7, until="observed")


class Trial(NamedTuple):
    """people: as `intervals.built` takes them. tests and medications: canonical, days from randomisation or consent."""

    people: pd.DataFrame
    tests: pd.DataFrame
    medications: pd.DataFrame
    randomised: pd.Series
    published: pd.DataFrame
    later: pd.DataFrame


@pytest.fixture(scope="module")
def trial(shared: Path) -> Trial:
    folder = shared / "data" / "ctn0094"
    text = {name: pd.read_csv(folder / f"{name}.csv", dtype=str) for name in (
        "ctn0094_everybody", "ctn0094_randomization", "ctn0094_visit", "ctn0094_uds", "published_endpoints",
        "weekly_opioid_pattern",
    )}  # fmt: skip
    who = text["ctn0094_everybody"].set_index("who")["project"]
    drawn = text["ctn0094_randomization"].assign(when=lambda r: pd.to_numeric(r["when"]))
    first, second = (drawn[drawn["which"] == n].set_index("who") for n in ("1", "2"))
    randomised = first["when"].reindex(who.index).notna()
    start = first["when"].reindex(who.index).fillna(0).astype("int64")
    adaptive = who == "30"
    end = pd.Series(168.0, index=who.index).mask(adaptive, start + 98)
    again = second["when"].reindex(who.index)
    end = end.mask(adaptive & again.notna(), again + 168).astype("int64")
    people = pd.DataFrame(
        {"person_id": who.index, "site_id": "all", "observed_days": (end - start).to_numpy(), "death_day": pd.NA}
    ).astype({"death_day": "Int64"})
    visits = text["ctn0094_visit"]
    visits = visits[visits["who"].map(randomised).fillna(False).astype(bool)]
    found = ctn0094_tests.taken(visits, text["ctn0094_uds"], start).rename(columns={"who": "person_id"})
    found = found[found["day"].between(0, found["person_id"].map(end - start))]
    arms = first["treatment"].map(lambda arm: ctn0094.ARMS[arm][1])
    spells = pd.DataFrame({"person_id": arms.index, "medication": arms.to_numpy(), "start_day": -30, "end_day": pd.NA})
    return Trial(
        people, found.reset_index(drop=True), spells.astype({"end_day": "Int64"}), randomised,
        text["published_endpoints"].set_index("who"), text["weekly_opioid_pattern"].set_index("who"),
    )  # fmt: skip


def patterns(trial: Trial, people: pd.DataFrame, use: Use) -> pd.Series:
    """The pattern of opioids from interval 1 on, by person."""
    read = tests.read(trial.tests, trial.medications, use)
    by_day = tests.by_day(read, "opioid", use.conflicts)
    due = schedule.missed(people, by_day, use, people["observed_days"])
    found = intervals.built(people, pd.concat([by_day, due], ignore_index=True), use)
    return pd.Series(to_strings(found.patterns.window(1, 99)), index=people["person_id"])


def test_the_pattern_of_the_published_outcomes(trial: Trial) -> None:
    use = Use(begins=0, last_interval="begun", prescribed="use", schedule=WEEKLY)
    found = patterns(trial, trial.people, use)
    expected = trial.published["usePatternUDS"].loc[found.index]
    assert len(found) == 3560
    other = found.index[found != expected]
    assert len(other) == OTHERWISE
    for who in other:
        assert len(found[who]) == len(expected[who])
        assert sum(a != b for a, b in zip(found[who], expected[who], strict=True)) == 1


def test_the_later_derivation(trial: Trial) -> None:
    use = Use(begins=1, last_interval="begun", prescribed="not_tested", schedule=WEEKLY)
    in_arms = trial.people["person_id"].map(trial.randomised)
    # who was not randomised has weeks from the day of consent on
    found = pd.concat(
        [
            patterns(trial, trial.people[in_arms].reset_index(drop=True), use),
            patterns(trial, trial.people[~in_arms].reset_index(drop=True), use.model_copy(update={"begins": 0})),
        ]
    )
    later = trial.later.loc[found.index, ["Phase_1", "Phase_2"]].fillna("").agg("".join, axis=1)
    assert len(found) == 3560
    other = found.index[found != later]
    assert len(other) == EXPLAINED
    for who in other:
        assert {(a, b) for a, b in zip(found[who], later[who], strict=True) if a != b} == {("e", "o")}


def test_what_is_prescribed_and_where_weeks_begin_matter(trial: Trial) -> None:
    """Either rule alone misses the published patterns of many people."""
    expected = trial.published["usePatternUDS"]
    weeks = {"last_interval": "begun", "schedule": WEEKLY}
    not_counted = patterns(trial, trial.people, Use(begins=0, prescribed="not_tested", **weeks))
    a_day_later = patterns(trial, trial.people, Use(begins=1, prescribed="use", **weeks))
    assert (not_counted == expected.loc[not_counted.index]).sum() == 3385
    assert (a_day_later == expected.loc[a_day_later.index]).sum() < 2000
