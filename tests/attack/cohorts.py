"""Small cohorts, drawn at random, with all that makes a release hard to protect.

A draw decides how many people there are and how they differ: few or many sites, rare categories, causes of leaving that
few people have, follow-up that ends early, answers that are missing, which days and which further questions are asked.
People have an arm, a sex, an age, a housing and a drug; they stay, step down, leave and answer. Nobody is real.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import of_weeks
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from iop_outcomes.tables import TABLES

SMALLEST, LARGEST = 60, 1_500
WAYS = ("unplanned", "completed", "transferred", "died", "other")
DAYS = (30, 60, 90, 180)
DRUGS = ("alcohol", "opioid", "stimulant", "cannabis")
STAY, WINDOW, ANSWERED = 90, 28, 180
ARMS = {"iop": "2.1", "residential": "3.5", "partial": "2.5"}

Words = NDArray[np.object_]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Draw:
    """What is asked of a cohort, and how its people are told apart.

    simple: the score knows sex only and no site. classifier: the question again with levels by hours. third: a second
    contrast, which shares an arm. gap: retention under another gap rule. stays, hours: abstinence by who stayed, and
    of those in care on a day. returns: returning to care, which not everyone is at risk of. deaths: who had died is
    told beside abstinence. bounds: abstinence with missing answers against one arm and for the other. weeks, onward,
    grid: strategies and a threshold of weeks, further care after leaving, doses. groups: abstinence within groups of
    sex and of drug as well. bands: hours in categories.
    """

    size: int
    horizons: tuple[int, ...]
    sites: int
    simple: bool
    classifier: bool
    third: bool
    gap: bool
    stays: bool
    hours: bool
    returns: bool
    censored: bool
    rare: bool
    causes: tuple[float, ...]
    answers: tuple[float, ...]
    stay: tuple[float, float]
    first: float
    deaths: bool
    bounds: bool
    weeks: bool
    onward: bool
    grid: bool
    groups: bool
    bands: bool


def draw(rng: Generator, size: int | None = None) -> Draw:
    """The shape of a cohort. size: of how many people; else between SMALLEST and LARGEST, small ones more often."""
    few = int(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))))
    asked = rng.choice(DAYS, rng.integers(1, len(DAYS) + 1), replace=False)
    causes = rng.dirichlet((9, 7, 1.2, 0.4, 0.6))
    answers = rng.dirichlet((6, 6, rng.uniform(0.2, 3), rng.uniform(0.2, 2)))
    yes = rng.random(9)
    more = np.random.default_rng(int(yes[0] * 2**53))  # takes nothing from the stream of all others
    return Draw(
        size or few, tuple(sorted(int(d) for d in asked)), int(rng.integers(1, 7)),
        simple=yes[0] < 0.25, classifier=yes[1] < 0.2, third=yes[2] < 0.25, gap=yes[3] < 0.3, stays=yes[4] < 0.7,
        hours=yes[5] < 0.6, returns=yes[6] < 0.25, censored=yes[7] < 0.5, rare=yes[8] < 0.4,
        causes=tuple(causes), answers=tuple(answers), stay=(rng.uniform(25, 120), rng.uniform(25, 120)),
        first=float(rng.uniform(0.25, 0.75)), deaths=more.random() < 0.5, bounds=more.random() < 0.4,
        weeks=more.random() < 0.5, onward=more.random() < 0.4, grid=more.random() < 0.15,
        groups=more.random() < 0.4,
        bands=more.random() < 0.4,
    )  # fmt: skip


@dataclass(frozen=True)
class Cohort:
    """The people of a draw as the cohort steps would leave them: typed tables, in the order of person_id."""

    asked: Draw
    people: pd.DataFrame
    covariates: pd.DataFrame
    arms: pd.DataFrame
    retention: pd.DataFrame
    abstinence: pd.DataFrame
    dose: pd.DataFrame
    doses: pd.DataFrame
    onward: pd.DataFrame
    known: pd.DataFrame = field(repr=False)  # a row for each person, what the truth is looked up in


def cohort(rng: Generator, size: int | None = None, more: int = 0) -> Cohort:
    """A cohort at random. more: so many people are added at its end, all others stay as they are without them."""
    asked = draw(rng, size)
    n = asked.size
    known = _people(np.random.default_rng(rng.integers(2**63)), asked, n)
    added = _people(np.random.default_rng(rng.integers(2**63)), asked, more)
    known = pd.concat([known, added], ignore_index=True) if more else known
    return _tables(asked, known.assign(person_id=[f"p{i:05d}" for i in range(len(known))]))


def _people(rng: Generator, asked: Draw, n: int) -> pd.DataFrame:
    """(n) people with everything that happens to them."""
    female, age = rng.random(n) < 0.4, rng.normal(40, 11, n).clip(18, 80).round()
    site = rng.integers(0, asked.sites, n)
    lean = 0.5 * female - 0.01 * (age - 40)
    arm = (rng.random(n) < 1 / (1 + np.exp(-lean - np.log(asked.first / (1 - asked.first))))).astype(int)
    level = np.where(arm == 1, "iop", "residential").astype(object)
    if asked.third:
        level[rng.random(n) < 0.3] = "partial"
    mean = np.where(level == "iop", *asked.stay)
    care = rng.geometric(1 / mean).astype(int)
    cause = rng.choice(WAYS, n, p=asked.causes).astype(object)
    stepped = rng.random(n) < 0.08
    index = np.where(stepped, np.maximum(care - rng.integers(1, 40, n), 1), care)
    seen = rng.integers(40, 420, n) if asked.censored else np.full(n, 420)
    other_gap = np.where(rng.random(n) < 0.03, care + rng.integers(5, 60, n), care)
    by_hours = np.where(rng.random(n) < 0.04, np.where(level == "iop", "residential", "iop"), level)
    drug = rng.choice(DRUGS, n, p=(0.45, 0.3, 0.2, 0.05)).astype(object)
    if asked.rare:
        drug[rng.random(n) < 4 / max(n, 1)] = "kratom"
    return pd.DataFrame(
        {
            "level": level, "by_hours": by_hours, "site": [f"S{s}" for s in site], "age": age,
            "sex": np.where(female, "female", "male"), "drug": drug,
            "housing": rng.choice(["yes", "no", "unknown"], n, p=(0.7, 0.22, 0.08)),
            "period": rng.choice(["2023", "2024"], n),
            **_left("care", care, cause, seen), **_left("index", index, np.where(stepped, "completed", cause), seen),
            **_left("gap", other_gap, cause, seen), "seen": seen,
            "answer": rng.choice(["abstinent", "using", "missing", "not_yet_observed"], n, p=asked.answers),
            "returned": rng.integers(1, 300, n), "weekly": rng.gamma(8, 1.3, n).round(2),
        }
    ).pipe(_died if asked.deaths else _as_it_is, rng.spawn(1)[0])  # fmt: skip


def _as_it_is(known: pd.DataFrame, _: Generator) -> pd.DataFrame:
    return known


def _died(known: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """Whoever died in care by the day of the answer has none, nor has one in thirty of those who had left by then."""
    inside = (known["care_cause"] == "died") & (known["care_days"] <= ANSWERED)
    left = ~known["care_cause"].isin(["died", "censored"]) & (known["care_days"] < ANSWERED)
    dead = inside | (left & (known["seen"] >= ANSWERED) & (rng.random(len(known)) < 1 / 30))
    return known.assign(answer=known["answer"].mask(dead, "died"))


def _left(name: str, days: Whole, cause: Words, seen: Whole) -> dict[str, object]:
    """When something was left and how, as far as people were seen."""
    return {f"{name}_days": np.minimum(days, seen), f"{name}_cause": np.where(days > seen, "censored", cause)}


def _tables(asked: Draw, known: pd.DataFrame) -> Cohort:
    n, ids = len(known), known["person_id"].to_numpy(dtype=object)
    plain = TABLES["people"].empty().reindex(range(n))
    people = plain.assign(
        person_id=ids, record_id=ids, site_id=known["site"], index_level=known["level"].map(ARMS),
        level_asam=known["by_hours"].map(ARMS), level_broad=known["by_hours"].map(ARMS), entry_period=known["period"],
        reported_care="none", index_start_day=0, clock_start_day=0, observed_days=known["seen"], assigned_arm="none",
        trial="none", sex=known["sex"], primary_drug=known["drug"], stable_housing=known["housing"],
    )  # fmt: skip
    people = people.astype(dict.fromkeys(("index_start_day", "clock_start_day", "observed_days"), "int64"))
    named = {"sex": "sex", "drug": "primary_drug", "housing": "stable_housing"}
    categories = {to: known[of].astype("category") for of, to in named.items()}
    covariates = pd.DataFrame({"person_id": ids, "age": known["age"].astype(float), **categories})
    by_week = of_weeks.tables(known, np.random.default_rng(len(known)))
    return Cohort(
        asked, people, covariates, _arms(asked, known), _retention(asked, known), *_use(known), *by_week, known
    )


def _arms(asked: Draw, known: pd.DataFrame) -> pd.DataFrame:
    """Who is in which arm of which contrast."""
    sides = {"c": ("level", "iop", "residential")}
    sides |= {"c_by_asam": ("by_hours", "iop", "residential")} if asked.classifier else {}
    sides |= {"second": ("level", "partial", "residential")} if asked.third else {}
    parts = []
    for contrast, (column, first, second) in sides.items():
        own = known[known[column].isin([first, second])]
        arm = (own[column] == first).astype("int64")
        stratum = own["site"] if not asked.simple else "all"
        parts.append(
            pd.DataFrame({"contrast": contrast, "person_id": own["person_id"], "arm": arm, "stratum": stratum})
        )
    return pd.concat(parts, ignore_index=True)


def _retention(asked: Draw, known: pd.DataFrame) -> pd.DataFrame:
    """What is followed of everyone, each thing in the order of people."""
    followed = {"index": "index", "care": "care"} | ({"care_gap_7": "gap"} if asked.gap else {})
    parts = [
        pd.DataFrame(
            {
                "person_id": known["person_id"], "follows": follows, "days": known[f"{of}_days"],
                "days_latest": known[f"{of}_days"], "cause": known[f"{of}_cause"], "observable_days": known["seen"],
            }
        )
        for follows, of in followed.items()
    ]  # fmt: skip
    return pd.concat([*parts, *([_returns(known)] if asked.returns else [])], ignore_index=True)


def _returns(known: pd.DataFrame) -> pd.DataFrame:
    """Days from leaving care to a new episode; whoever was not seen to leave alive is not at risk."""
    left = ~known["care_cause"].isin(["censored", "died"])
    reach = (known["seen"] - known["care_days"]).clip(lower=0)
    back = known["returned"] <= reach
    days = np.where(left, np.where(back, known["returned"], reach), 0)
    cause = np.where(left, np.where(back, "readmitted", "censored"), "not_at_risk")
    return pd.DataFrame(
        {
            "person_id": known["person_id"], "follows": "readmitted", "days": days, "days_latest": days, "cause": cause,
            "observable_days": reach,
        }
    )  # fmt: skip


def _use(known: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Abstinence on day 180, and hours in care up to day 28."""
    answer = known["answer"]
    flag = pd.array([{"abstinent": True, "using": False}.get(a) for a in answer], dtype="boolean")
    abstinence = pd.DataFrame(
        {
            "person_id": known["person_id"], "outcome": "abstinent", "horizon_days": ANSWERED, "abstinent": flag,
            "mature": answer != "not_yet_observed", "dead": answer == "died",
        }
    )  # fmt: skip
    dose = pd.DataFrame(
        {
            "person_id": known["person_id"], "window_days": WINDOW, "in_care_at_end": known["care_days"] >= WINDOW,
            "at_risk_at_end": True,
            "hours_per_week": known["weekly"], "positive_screens": 0.0, "missed_screens": 0.0, "reported_use": np.nan,
        }
    )  # fmt: skip
    return abstinence, dose
