"""Who is eligible, what was known of them at time zero, and in which arm of each contrast they are.

In order: units of analysis are made (a person's first episode that starts on or after day 0, every such episode, or
every period told of); the eligibility rules are applied one after the other and counted; levels of care are read by
label and by scheduled hours; covariates are turned into numbers; arms are read off. The step sees no outcome column. An
empty arm of a required contrast stops it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from iop_outcomes.cohort import eligibility, levels, units
from iop_outcomes.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

Settings = Mapping[str, Any]

# a category of fewer people than this is joined to the most frequent one
SMALLEST_CATEGORY = 10


def run(
    persons: pd.DataFrame,
    episodes: pd.DataFrame,
    periods: pd.DataFrame,
    quarantine: pd.DataFrame,
    intake: pd.DataFrame,
    population: Settings,
    rules: Sequence[Settings],
    adjustment: Settings,
    contrasts: Mapping[str, Settings],
    twenty_hours: str,
) -> dict[str, pd.DataFrame]:
    """The tables people, covariates, arms and attrition.

    rules: rows of config/eligibility.tsv for this cohort. twenty_hours: what exactly 20 hours a week are. Raises
    StudyError for an empty arm, no one eligible, and rules or covariates that the records cannot answer.
    """
    check_adjustment(persons, adjustment)
    broken = set(quarantine.loc[quarantine["table"].isin(["stays", "persons"]), "person_id"].dropna())
    found = units.candidates(population, persons, episodes, periods, broken)
    eligible, attrition = eligibility.apply(found, rules, population, *_lost(intake))
    if eligible.empty:
        excluded = attrition[attrition["excluded"] > 0]
        raise StudyError(
            "No one is eligible. "
            + "; ".join(f"{r.rule}: {r.excluded} excluded" for r in excluded.itertuples())
            + ". Check config/eligibility.tsv and `population` in the config against the data."
        )
    people = people_of(eligible, adjustment, twenty_hours)
    return {
        "people": people,
        "covariates": covariates(people, eligible, adjustment),
        "arms": arms(people, contrasts),
        "attrition": attrition,
    }


def _lost(intake: pd.DataFrame) -> tuple[list[tuple[str, int]], int]:
    """People whom the source left out, in its words, and how many admission records were set aside."""
    own = intake[intake["table"] == "persons"]
    outcomes = list(zip(own["outcome"], own["rows"], strict=True))
    left_out = [(o.removeprefix("excluded: "), int(n)) for o, n in outcomes if o.startswith("excluded: ")]
    aside = sum(int(n) for o, n in outcomes if o.startswith("quarantined: "))
    return [(words[:1].upper() + words[1:], count) for words, count in left_out], aside


def people_of(eligible: pd.DataFrame, adjustment: Settings, twenty_hours: str) -> pd.DataFrame:
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
            "entry_period": _words(eligible, "entry_period", "unknown"),
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
    for name in adjustment["categorical"]:
        known[name] = _words(eligible, name, "unknown")
    return known


def _words(frame: pd.DataFrame, column: str, missing: str) -> pd.Series:
    import pandas as pd

    if column not in frame:
        return pd.Series(missing, index=frame.index, dtype=object)
    return frame[column].astype(object).where(frame[column].notna(), missing)


# columns of persons that say who somebody is, or what came of it
NOT_COVARIATES = ("person_id", "observed_to_day", "death_day", "assigned_arm", "trial")
NUMBERS = ("whole", "number")


def check_adjustment(persons: pd.DataFrame, adjustment: Settings) -> None:
    """Raise StudyError where a covariate is not a baseline column of persons, or of the other kind."""
    from iop_outcomes.tables import TABLES

    declared = TABLES["persons"].columns
    known = [n for n in persons.columns if n not in NOT_COVARIATES]
    asked = [(n, True) for n in adjustment["continuous"]] + [(n, False) for n in adjustment["categorical"]]
    unknown = [n for n, _ in asked if n not in known]
    if unknown:
        raise StudyError(
            f"The adjustment set names {', '.join(map(repr, unknown))}, which is no baseline column of the table "
            "persons. Take it out of `adjustment` in the cohort's file, or supply the column. Columns there: "
            f"{', '.join(sorted(known))}."
        )
    for name, continuous in asked:
        numeric = declared[name].kind in NUMBERS
        if numeric != continuous:
            kind, place = ("a number", "continuous") if numeric else ("text", "categorical")
            raise StudyError(f"The covariate '{name}' is {kind}: name it under `adjustment.{place}` instead.")
        if continuous and persons[name].isna().all():
            raise StudyError(
                f"The covariate '{name}' is missing for everyone. Take it out of `adjustment.continuous` in the "
                "cohort's file, or supply the column."
            )


def covariates(people: pd.DataFrame, eligible: pd.DataFrame, adjustment: Settings) -> pd.DataFrame:
    """The adjustment set as numbers: continuous columns as they are, categories as indicators 'name=value'.

    A missing number is set to the median and flagged in 'name=missing'; a missing category is 'unknown'. The most
    frequent category is the reference; categories of fewer than ten people join it.
    """
    import pandas as pd

    columns: dict[str, pd.Series] = {"person_id": people["person_id"]}
    for name in adjustment["continuous"]:
        values = eligible[name].astype("float64")
        columns[name] = values.fillna(values.median())
        if values.isna().sum() >= SMALLEST_CATEGORY:
            columns[f"{name}=missing"] = values.isna().astype("float64")
    for name in adjustment["categorical"]:
        counts = people[name].value_counts().sort_index().sort_values(ascending=False, kind="stable")
        for value in sorted(counts.index[1:][counts.iloc[1:] >= SMALLEST_CATEGORY]):
            columns[f"{name}={value}"] = (people[name] == value).astype("float64")
    return pd.DataFrame(columns)


def arms_of(contrast: Settings) -> list[Settings]:
    """The arms of a contrast by their code: the second is 0, the first 1, those alongside 2 and up."""
    return [contrast["second"], contrast["first"], *contrast.get("alongside", ())]


def arms(people: pd.DataFrame, contrasts: Mapping[str, Settings]) -> pd.DataFrame:
    """One row per person and contrast. Raises StudyError where an arm of a required contrast is empty."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    parts = [TABLES["arms"].empty()]
    for name, contrast in contrasts.items():
        pool = people if contrast["trial"] is None else people[people["trial"] == contrast["trial"]]
        values = pool[contrast["column"]]
        code = {v: at for at, arm in enumerate(arms_of(contrast)) for v in arm["values"]}
        arm = values.map(code)
        for side, at in (("first", 1), ("second", 0)):
            if contrast["required"] and not (arm == at).any():
                seen = ", ".join(sorted(values.unique())) or "none"
                raise StudyError(
                    f"Contrast '{name}': no eligible person is in the arm '{contrast[side]['name']}' "
                    f"({contrast['column']} {' or '.join(contrast[side]['values'])}). Values found: {seen}. Correct "
                    "`values` in the cohort's file, or set `required: false` to report the contrast as not possible."
                )
        chosen = pool[arm.notna()]
        parts.append(
            pd.DataFrame(
                {
                    "contrast": name,
                    "person_id": chosen["person_id"],
                    "arm": arm[arm.notna()].astype("int64"),
                    "stratum": chosen[contrast["stratum"]],
                }
            )
        )
    return pd.concat(parts[1:] or parts, ignore_index=True)
