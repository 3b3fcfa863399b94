"""Who is eligible, what was known of them at time zero, and in which arm of each contrast they are.

In order: people with a broken record are set aside; the index episode is the first one that starts on or after day 0;
the eligibility rules are applied one after the other and counted; covariates are turned into numbers; arms are read
off. The step sees no outcome column. An empty arm of a required contrast stops it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from iop_outcomes.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

Settings = Mapping[str, Any]

# a category of fewer people than this is joined to the most frequent one
SMALLEST_CATEGORY = 10


def run(
    persons: pd.DataFrame,
    episodes: pd.DataFrame,
    quarantine: pd.DataFrame,
    population: Settings,
    adjustment: Settings,
    contrasts: Mapping[str, Settings],
) -> dict[str, pd.DataFrame]:
    """The tables people, covariates, arms and attrition. Raises StudyError for an empty arm or no one eligible."""
    check_adjustment(persons, adjustment)
    broken = set(quarantine.loc[quarantine["table"].isin(["stays", "persons"]), "person_id"])
    candidates = _with_index_episode(persons, episodes)
    eligible, attrition = apply_rules(candidates, eligibility_rules(broken, population))
    if eligible.empty:
        raise StudyError(
            "No one is eligible. "
            + "; ".join(f"{r.rule}: {r.excluded} excluded" for r in attrition.itertuples())
            + ". Check `population` in the config against the data."
        )
    people = _people(eligible, adjustment)
    return {
        "people": people,
        "covariates": covariates(people, eligible, adjustment),
        "arms": arms(people, contrasts),
        "attrition": attrition,
    }


def _with_index_episode(persons: pd.DataFrame, episodes: pd.DataFrame) -> pd.DataFrame:
    """One row per person with the first episode of care whose index level begins on or after day 0, if any."""
    first = (
        episodes[episodes["index_start_day"] >= 0]
        .sort_values(["person_id", "index_start_day"])
        .drop_duplicates("person_id")
    )
    merged = persons.merge(first, on="person_id", how="left", validate="one_to_one")
    merged["treated_at_all"] = merged["person_id"].isin(episodes["person_id"])
    return merged.sort_values("person_id").reset_index(drop=True)


Rule = tuple[str, Callable[["pd.DataFrame"], "pd.Series"]]


def eligibility_rules(broken: set[str], population: Settings) -> list[Rule]:
    """The rules in order: words for the flow diagram, and a function that marks the people to exclude."""
    youngest, washout = population["minimum_age"], population["washout_days"]
    rules: list[Rule] = [
        ("A record of theirs could not be trusted", lambda p: p["person_id"].isin(broken)),
        ("No stay beyond detoxification", lambda p: ~p["treated_at_all"]),
        ("Treatment under way at day 0", lambda p: p["index_level"].isna()),
        (
            "Program not for substance use",
            lambda p: ~p["program_type"].isin(population["program_types"]),
        ),
        (
            f"Under {youngest} years, or age unknown",
            lambda p: ~(p["age"] >= youngest).fillna(False).astype(bool),
        ),
    ]
    if washout:
        rules.append(
            (
                f"Treated within {washout} days before time zero",
                lambda p: (p["days_since_previous"] < washout).fillna(False).astype(bool),
            )
        )
    observed = population["minimum_observed_days"]
    rules.append(
        (
            f"Observed for fewer than {observed} days" if observed else "Not observable after time zero",
            lambda p: p["observed_to_day"] - p["index_start_day"] < observed,
        )
    )
    return rules


def apply_rules(candidates: pd.DataFrame, rules: list[Rule]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The people left after all rules, and how many each rule excluded (people are counted at their first rule)."""
    import pandas as pd

    rows = [{"position": 0, "rule": "People in the records", "excluded": 0, "remaining": len(candidates)}]
    left = candidates
    for position, (words, excludes) in enumerate(rules, 1):
        out = excludes(left).astype(bool)
        left = left[~out]
        rows.append({"position": position, "rule": words, "excluded": int(out.sum()), "remaining": len(left)})
    return left.reset_index(drop=True), pd.DataFrame(rows)


def _people(eligible: pd.DataFrame, adjustment: Settings) -> pd.DataFrame:
    import pandas as pd

    known = pd.DataFrame(
        {
            "person_id": eligible["person_id"],
            "site_id": eligible["site_id"],
            "index_level": eligible["index_level"],
            "index_start_day": eligible["index_start_day"].astype("int64"),
            "observed_days": (eligible["observed_to_day"] - eligible["index_start_day"]).astype("int64"),
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


def arms(people: pd.DataFrame, contrasts: Mapping[str, Settings]) -> pd.DataFrame:
    """One row per person and contrast. Raises StudyError where an arm of a required contrast is empty."""
    import pandas as pd

    from iop_outcomes.tables import TABLES

    parts = [TABLES["arms"].empty()]
    for name, contrast in contrasts.items():
        pool = people if contrast["trial"] is None else people[people["trial"] == contrast["trial"]]
        values = pool[contrast["column"]]
        first, second = (values.isin(contrast[side]["values"]) for side in ("first", "second"))
        for side, found in (("first", first), ("second", second)):
            if contrast["required"] and not found.any():
                seen = ", ".join(sorted(values.unique())) or "none"
                raise StudyError(
                    f"Contrast '{name}': no eligible person is in the arm '{contrast[side]['name']}' "
                    f"({contrast['column']} {' or '.join(contrast[side]['values'])}). Values found: {seen}. Correct "
                    "`values` in the cohort's file, or set `required: false` to report the contrast as not possible."
                )
        chosen = pool[first | second]
        parts.append(
            pd.DataFrame(
                {
                    "contrast": name,
                    "person_id": chosen["person_id"],
                    "arm": first[first | second].astype("int64"),
                    "stratum": chosen[contrast["stratum"]],
                }
            )
        )
    return pd.concat(parts[1:] or parts, ignore_index=True)
