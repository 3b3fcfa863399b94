"""Who is eligible, what was known of them at time zero, and in which arm of each contrast they are.

In order: units of analysis are made (a person's first episode that starts on or after day 0, every such episode, or
every period told of); the eligibility rules are applied one after the other and counted; levels of care are read by
label and by scheduled hours; categories in the records' own words that fewer people have than the disclosure policy
lets be seen become one, as the word alone would tell of them; covariates are made ready for models (see `covariates`);
arms are read off. The step sees no outcome column. An empty arm of a required contrast stops it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iop_outcomes.cohort import covariates, eligibility, levels, tested, units
from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Adjustment, Arm, Contrast, Eligibility, Population, Schedule
from iop_outcomes.steps.store import NOTHING, Wanted
from iop_outcomes.tables.set_aside import distrusted
from iop_outcomes.vocabulary.levels import DETOX, NOT_KNOWN, UNKNOWN
from iop_outcomes.vocabulary.testing import TESTS_BEFORE

if TYPE_CHECKING:
    import pandas as pd

# categories that too few people have to be told apart
FEW = "other (few)"
# of which no covariate asks
UNTOLD = Schedule()


def run(
    persons: pd.DataFrame,
    episodes: pd.DataFrame,
    periods: pd.DataFrame,
    quarantine: pd.DataFrame,
    intake: pd.DataFrame,
    population: Population,
    rules: Sequence[Eligibility],
    adjustment: Adjustment,
    contrasts: Mapping[str, Contrast],
    twenty_hours: str,
    fewest: int = 1,
    schedule: Schedule = UNTOLD,
    screens: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """The tables people, covariates, arms and attrition.

    rules: rows of config/eligibility.tsv for this cohort. twenty_hours: what exactly 20 hours a week are. fewest:
    people that a category must have to be told apart. schedule, screens: how often sites test, and days of tests, where
    the adjustment names them. Raises StudyError for an empty arm, no one eligible, and rules or
    covariates that the records cannot answer.
    """
    covariates.check(persons, adjustment)
    found = units.candidates(population, persons, episodes, periods, distrusted(quarantine))
    eligible, attrition = eligibility.apply(found, rules, population, *_lost(intake, quarantine, persons))
    if eligible.empty:
        excluded = attrition[attrition["excluded"] > 0]
        raise StudyError(
            "No one is eligible. "
            + "; ".join(f"{r.rule}: {r.excluded} excluded" for r in excluded.itertuples())
            + ". Check config/eligibility.tsv and `population` in the config against the data."
        )
    tests = tested.columns(eligible, screens, schedule, adjustment.continuous)
    people = people_of(eligible, adjustment, twenty_hours)
    people = together(people, adjustment.categorical, contrasts, fewest)
    return {
        "people": people,
        "covariates": covariates.table(people, eligible.assign(**tests), adjustment),
        "arms": arms(people, contrasts, fewest),
        "attrition": attrition,
    }


def reads(adjustment: Adjustment) -> dict[str, Wanted]:
    """Of episodes what is no outcome, and of tests their days, where they are asked about."""
    from iop_outcomes.tables import TABLES

    own = [n for n, column in TABLES["episodes"].columns.items() if not column.outcome]
    days = Wanted(("person_id", "day"))
    return {"episodes": Wanted(own), "screens": days if TESTS_BEFORE in adjustment.continuous else NOTHING}


def _lost(intake: pd.DataFrame, quarantine: pd.DataFrame, persons: pd.DataFrame) -> tuple[list[tuple[str, int]], int]:
    """People whom the source left out, in its words, and of how many all records of admission were set aside.

    People are counted, not rows, of which someone may have several; a row that names no one stands for someone.
    """
    own = intake[intake["table"] == "persons"]
    people = own["people"].fillna(own["rows"]) if "people" in own else own["rows"]
    outcomes = list(zip(own["outcome"], own["rows"], people, strict=True))
    left_out = [(o.removeprefix("excluded: "), int(n)) for o, _, n in outcomes if o.startswith("excluded: ") and n]
    rows = quarantine["table"] == "persons"
    if "cell" in quarantine:  # a cell alone leaves its row in
        rows &= quarantine["cell"].isna()
    aside = quarantine.loc[rows, "person_id"].dropna()
    further = int((aside.isin(persons["person_id"]) | aside.duplicated()).sum())
    set_aside = sum(int(rows) for o, rows, _ in outcomes if o.startswith("quarantined: ")) - further
    return [(words[:1].upper() + words[1:], count) for words, count in left_out], set_aside


def people_of(eligible: pd.DataFrame, adjustment: Adjustment, twenty_hours: str) -> pd.DataFrame:
    """The table people, from the eligible candidates."""
    import pandas as pd

    by_hours = {
        f"level_{name}": levels.classify(
            name, eligible["index_level"], eligible["scheduled_hours_per_week"], eligible["age"], twenty_hours
        )
        for name in ("asam", "broad")
    }
    known = pd.DataFrame(
        {
            "person_id": eligible["person_id"],
            "record_id": eligible["record_id"],
            "site_id": eligible["site_id"],
            "entry_period": _words(eligible, "entry_period", UNKNOWN),
            "index_level": eligible["index_level"],
            **by_hours,
            "reported_care": _words(eligible, "reported_care", "none"),
            "index_start_day": eligible["index_start_day"].astype("int64"),
            "clock_start_day": eligible["episode_start_day"].astype("int64"),
            "observed_days": eligible["observed_days"].astype("int64"),
            "planned_days": eligible["planned_days"].astype("float64"),
            "assigned_arm": _words(eligible, "assigned_arm", "none"),
            "trial": _words(eligible, "trial", "none"),
        }
    )
    for name in adjustment.categorical:
        known[name] = _words(eligible, name, UNKNOWN)
    return known


def together(
    people: pd.DataFrame, columns: Sequence[str], contrasts: Mapping[str, Contrast], fewest: int
) -> pd.DataFrame:
    """The people, with the words of their own records that fewer than `fewest` of them have as one category.

    columns: covariates. Values that the declaration of a column allows, or that an arm of a contrast names, stay: they
    are the study's words, not a person's.
    """
    from iop_outcomes.tables import TABLES

    declared = TABLES["persons"].columns
    changed = {}
    for name in columns:
        asked = {v for c in contrasts.values() if c.column == name for arm in arms_of(c) for v in arm.values}
        sizes = people[name].value_counts()
        rare = set(sizes.index[sizes < fewest]) - {*declared[name].allowed, *asked, UNKNOWN, "other"}
        if rare:
            changed[name] = people[name].mask(people[name].isin(rare), FEW)
    return people.assign(**changed)


def _words(frame: pd.DataFrame, column: str, missing: str) -> pd.Series:
    import pandas as pd

    if column not in frame:
        return pd.Series(missing, index=frame.index, dtype=object)
    words, known = frame[column].astype(object), frame[column].notna()
    return words if known.all() else words.where(known, missing)


def arms_of(contrast: Contrast) -> list[Arm]:
    """The arms of a contrast by their code: the second is 0, the first 1, those alongside 2 and up."""
    return [contrast.second, contrast.first, *contrast.further_arms]


def _why_empty(side: Arm, seen: Sequence[str]) -> str:
    """What else than a wrong value leaves an arm empty, as far as the values tell."""
    said = ""
    if DETOX in side.values:
        said += (
            "Time zero is the first treatment after detoxification, unless `care.detoxification` is as_index; what "
            "comes after detoxification is asked by `starting`. "
        )
    if NOT_KNOWN in seen:
        said += "Of people whose level is not known no scheduled hours are recorded; `index_level` needs none. "
    return said


def arms(people: pd.DataFrame, contrasts: Mapping[str, Contrast], fewest: int = 1) -> pd.DataFrame:
    """One row per person and contrast. Raises StudyError where an arm of a required contrast is empty; it names the
    values that `fewest` people have.
    """
    import pandas as pd

    from iop_outcomes.tables import TABLES

    parts = [TABLES["arms"].empty()]
    for name, contrast in contrasts.items():
        pool = people if contrast.trial is None else people[people["trial"] == contrast.trial]
        values = pool[contrast.column]
        code = {v: at for at, arm in enumerate(arms_of(contrast)) for v in arm.values}
        arm = values.map(code)
        for side, at in ((contrast.first, 1), (contrast.second, 0)):
            if contrast.required and not (arm == at).any():
                people_of_each = values.map(values.value_counts())
                seen = sorted(values[people_of_each >= fewest].unique())
                raise StudyError(
                    f"Contrast '{name}': no eligible person is in the arm '{side.name}' "
                    f"({contrast.column} {' or '.join(side.values)}). Values found: {', '.join(seen) or 'none'}. "
                    f"{_why_empty(side, seen)}Correct `values` in the cohort's file, or set `required: false` to "
                    "report the contrast as not possible."
                )
        there = arm.notna()
        parts.append(
            pd.DataFrame(
                {
                    "contrast": name,
                    "person_id": pool.loc[there, "person_id"],
                    "arm": arm[there].astype("int64"),
                    "stratum": pool.loc[there, contrast.stratum],
                }
            )
        )
    return pd.concat(parts[1:] or parts, ignore_index=True)
