"""An export of invented people in which identifiers and hostile text stand wherever a label or a name is free.

Markers are identifiers of a kind that a program might leave there: names, numbers, dates of birth, addresses. Nothing
of them may be found in what is released. Hostile labels are what the study's own words and large categories may hold:
they are released, and must do no harm.
"""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import yaml

COHORT = "hidden"
# where each is planted, and what may be found nowhere
MARKERS = {
    "name of the folder": "Plantfolder",
    "name of a file": "Plantowska",
    "name of a sheet": "Plantsheet",
    "name of a column that is not read": "Plantcolumn",
    "cells of a column that is not read": "Plantcell",
    "name of a small site": "Plantagenet",
    "number in the name of a small site": "555-12-3456",
    "name of a large site": "Plantenbach",
    "label that one person bears": "Plantlabel",
    "date of birth in such a label": "1961-04-07",
    "label of a value of Stata": "Plantvalue",
    "address in such a label": "plant.mail@example.org",
    "code that the mapping does not list": "Plantcode",
    "identifier of a person": "plantperson",
    "title of the export of SPSS": "Planttitle",
}

HTML = '<img src=x onerror="alert(1)">'
FORMULA = "=cmd|' /C calc'!A0"
BIDI = "\u202eright to left\u202c"
ZERO_WIDTH = "zero\u200bwidth"
# labels of categories that many people bear
EMPLOYMENT = ("full-time", HTML, FORMULA, '+1 job, "part-time"', "-none", "@home", BIDI, ZERO_WIDTH)
TITLE = f'IOP <b>or</b> "residential" & {BIDI}, {ZERO_WIDTH}'
ARM_LABELS = ('=1+1 intensive, "outpatient" <script>alert(1)</script>', f"-residential\tcare {BIDI}")

# columns of config/analyses.tsv
QUESTIONS = (
    ("leaving_early", "retention", "unplanned_discharge", "30, 90", "none", "primary"),
    ("staying", "retention", "retained", "30, 90", "none", "secondary"),
    ("abstinence", "abstinence", "abstinent", "180", "missing_is_using, observed_only", "secondary"),
)


# what the identifier gate lets through, and what it must stop
SMALL_SITES = ("Dr Plantagenet and sons", "Dr Plantagenet 555-12-3456")
UNSEEN = ("Plantlabel, clerk at the mill", "Plantvalue, keeps bees")
SEEN = ("Plantlabel, born 1961-04-07", "Plantvalue <plant.mail@example.org>")


def make(folder: Path, people: int = 400, seed: int = 1, identified: bool = False) -> Path:
    """The export, its mapping and its questions in a folder with the project's config. Returns the export's folder.

    identified: with labels that the identifier gate must stop.
    """
    raw = folder / "export of Plantfolder"
    raw.mkdir(parents=True)
    draws = random.Random(seed)
    _stays(raw, people, draws, SMALL_SITES[identified])
    _persons(raw, people, draws, SEEN if identified else UNSEEN)
    _interviews(raw, people, draws)
    (folder / f"config/cohorts/{COHORT}.yaml").write_text(yaml.safe_dump(_study()), encoding="utf-8")
    with open(folder / "config/analyses.tsv", "a", encoding="utf-8") as sheet:
        for analysis, step, outcome, days, missing, family in QUESTIONS:
            cells = (
                COHORT,
                analysis,
                step,
                "iop_vs_residential",
                outcome,
                days,
                "risk",
                "crude, overlap",
                missing,
                family,
            )
            sheet.write("\t".join(cells) + "\n")
    return raw


def _id(i: int) -> str:
    return f"plantperson{i:04d}"


def _stays(raw: Path, people: int, draws: random.Random, small: str) -> None:
    rows = []
    for i in range(people):
        site = small if i < 6 else ("Haus Plantenbach", HTML, FORMULA, BIDI, "S5")[i % 5]
        days = draws.randint(3, 150)
        reason = "Plantcode" if i < 4 else draws.choice(["C", "U", "U"])
        rows.append((_id(i), site, "IOP" if draws.random() < 0.5 else "RES", 0, days, reason, "Plantcell of one"))
    columns = ["pid", "clinic", "loc", "admit", "disch", "why", "Plantcolumn"]
    pd.DataFrame(rows, columns=columns).to_csv(raw / "stays Plantowska.csv", index=False)


def _persons(raw: Path, people: int, draws: random.Random, rare: tuple[str, str]) -> None:
    words = [rare[i] if i < len(rare) else EMPLOYMENT[i % len(EMPLOYMENT)] for i in range(people)]
    frame = pd.DataFrame(
        {
            "pid": [_id(i) for i in range(people)],
            "age": [draws.randint(19, 70) for _ in range(people)],
            "sex": [draws.choice(["male", "female"]) for _ in range(people)],
            "job": pd.Categorical(words),
            "until": [365] * people,
        }
    )
    frame.to_stata(raw / "persons Plantowska.dta", write_index=False, data_label="Planttitle", version=118)


def _interviews(raw: Path, people: int, draws: random.Random) -> None:
    rows = []
    for i in range(people):
        held = draws.random() < 0.8
        rows.append((_id(i), 180, 180 if held else None, 30, draws.choice([0, 5]) if held else None))
    columns = ["pid", "due", "held", "back", "used"]
    with pd.ExcelWriter(raw / "interviews Plantowska.xlsx") as book:
        pd.DataFrame(rows, columns=columns).to_excel(book, sheet_name="Plantsheet", index=False)


def _study() -> dict[str, object]:
    stays = {
        "files": "stays*.csv", "ignore_others": True,
        "columns": {
            "person_id": "pid", "site_id": "clinic",
            "level_of_care": {"column": "loc", "codes": {"IOP": "2.1", "RES": "3.5"}},
            "start_day": "admit", "end_day": "disch",
            "discharge_reason": {"column": "why", "codes": {"C": "completed", "U": "unplanned"}, "other": "other"},
            "program_type": {"value": "substance_use"},
        },
    }  # fmt: skip
    persons = {
        "files": "persons*.dta", "labels": True,
        "columns": {"person_id": "pid", "age": "age", "sex": "sex", "employment": "job", "observed_to_day": "until"},
    }  # fmt: skip
    followups = {
        "files": "interviews*.xlsx",
        "columns": {
            "person_id": "pid", "target_day": "due", "day": "held", "lookback_days": "back", "days_used": "used",
        },
    }  # fmt: skip
    arms = [
        {"name": name, "label": label, "values": [level]}
        for name, label, level in zip(("iop", "residential"), ARM_LABELS, ("2.1", "3.5"), strict=True)
    ]
    return {
        "title": TITLE,
        "source": {
            "kind": "mapping", "dates": "relative",
            "tables": {"stays": stays, "persons": persons, "followups": followups},
        },
        "adjustment": {"continuous": ["age"], "categorical": ["sex", "employment"], "spline_knots": 3},
        "trials": {"all": {"assignment": "Nobody knows how these people came to their arm."}},
        "contrasts": {
            "iop_vs_residential": {
                "title": TITLE, "column": "index_level", "first": arms[0], "second": arms[1],
            },
        },
    }  # fmt: skip
