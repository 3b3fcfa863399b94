"""The template of a mapping on files as it describes them, and a whole cohort through an export and back."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from iop_outcomes import clean, sources
from iop_outcomes.protocol import Study
from iop_outcomes.study import loading
from iop_outcomes.tables.canonical import CANONICAL

ADMISSIONS = (
    "client_id;episode_id;program;loc;admit_date;discharge_date;discharge_type;planned_weeks;hours;service_line;"
    "record_status;age;gender;housing;drug;probation\n"
)
EXPORT = {
    "admissions_2021.csv": ADMISSIONS + "k1;e1;north;RES;11/02/2021;11/30/2021;1;4;40;SUD;ok;33;F;1;AL;N\n",
    "admissions_2023.csv": ADMISSIONS
    + "k1;e2;north;DETOX;02/27/2023;03/03/2023;3;;;SUD;ok;34;F;3;HE;N\n"
    + "k1;e3;north;IOP;03/06/2023;12/31/9999;;12;9,5;SUD;ok;34;F;3;FE;N\n"
    + "k2;e4;south;RES;04/01/2023;04/28/2023;7;4;40;SUD;ok;51;X;1;XX;Y\n"
    + "k2;e5;south;IOP;04/30/2023;06/30/2023;2;12;9;SUD;void;51;X;1;XX;Y\n"
    + "k3;e6;south;IOP;08/01/2024;08/30/2024;2;12;9;SUD;ok;28;M;1;CO;Unknown\n",
    "services.csv": "client_id,service_start,units,procedure,telehealth,staff_type\n"
    + "k1,2023-03-07T09:00:00,12,H0015,0,LPC\nk1,2023-03-09T03:30:00Z,12,H0015,1,LPC\n"
    + "k2,2023-04-02T10:00:00,24,H0018,,RN\n",
    "screens.csv": "client_id,collected,result\nk1,03/01/2023,POS\nk1,03/20/2023,NO SHOW\nk2,04/10/2023,NEG\n",
}


def template(project: Path) -> Study:
    protocol = loading.read_yaml(project / "config" / "config.yaml")
    cohort = loading.read_yaml(project / "config" / "cohorts" / "template_mapping.yaml")
    return Study.model_validate({**protocol, **cohort, "cohort": "template_mapping"})


def read(source: dict[str, Any], privacy: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The canonical tables as the workflow gets them, cleaned, with the raw arrivals and quarantine."""
    raw = sources.run(source, privacy)
    whole = {k: raw[k] for k in ("quarantine", "arrivals", *(f"raw_{t.name}" for t in CANONICAL))}
    found = clean.run(**whole, gap_days=14, gap_sensitivity_days=[], max_quarantined_share=1.0)
    return {**found, "arrivals": raw["arrivals"], "unread": raw["quarantine"]}


def test_the_template_reads_the_export_that_it_describes(project: Path, tmp_path: Path) -> None:
    asked = template(project)
    for name, text in EXPORT.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    settings = {**asked.source.model_dump(mode="json"), "path": str(tmp_path)}
    assert sorted(Path(p).name for p in sources.inputs("mapping", settings)) == sorted(EXPORT)
    found = read(settings, asked.privacy.model_dump(mode="json"))
    assert found["quarantine"].empty
    stays = found["stays"].set_index("stay_id")
    assert stays["start_day"].to_dict() == {"e1": -489, "e2": -7, "e3": 0, "e4": 0}
    assert stays["end_day"].isna().to_dict() == {"e1": False, "e2": False, "e3": True, "e4": False}
    assert stays.loc["e4", "discharge_reason"] == "other"
    assert stays["planned_days"].dropna().to_dict() == {"e1": 28, "e3": 84, "e4": 28}
    assert stays.loc["e3", "scheduled_hours_per_week"] == 9.5
    persons = found["persons"].set_index("person_id")
    assert persons.loc["k1", ["age", "sex", "stable_housing", "legal_mandate"]].tolist() == [34, "female", "no", "no"]
    assert persons.loc["k1", "primary_drug"] == "opioid"
    assert persons.loc["k2", "primary_drug"] is None
    assert persons["observed_to_day"].to_dict() == {"k1": 666, "k2": 640}
    assert persons["entry_period"].to_dict() == {"k1": "2023Q1", "k2": "2023Q2"}
    sessions = found["sessions"][["day", "minutes", "level_of_care", "modality"]].to_numpy().tolist()
    # 03:30 in Greenwich is the evening before in Chicago
    assert sessions == [[1, 180, "2.1", "in_person"], [2, 180, "2.1", "virtual"], [1, 360, "3.5", "unknown"]]
    assert found["screens"]["result"].tolist() == ["positive", "missing", "negative"]
    gone = found["arrivals"].query("outcome != 'read'").set_index(["table", "outcome"])["rows"]
    no_stay = "excluded: no treatment stay in the enrolment period"
    assert gone.to_dict() == {
        ("stays", "excluded: record_status is void or test"): 1,
        ("stays", no_stay): 1,
        ("persons", no_stay): 1,
        ("persons", "merged: same person"): 3,
    }


DAY_ZERO = date(2023, 3, 1)
LENGTHS = {"planned_days", "lookback_days", "days_used"}


def exported(tables: dict[str, pd.DataFrame], folder: Path) -> dict[str, Any]:
    """The tables as files with dates (day 0 is the same date for all), and the mapping that reads them."""
    mapped = {}
    for table in CANONICAL:
        frame = tables[table.name].dropna(axis=1, how="all")
        if frame.empty:
            continue
        days = [c for c in frame if table.columns[c].unit == "day"]
        for column in days:
            dates = [None if pd.isna(d) else DAY_ZERO + timedelta(days=int(d)) for d in frame[column]]
            frame = frame.assign(**{column: [d and d.strftime("%d.%m.%Y") for d in dates]})
        frame.to_csv(folder / f"{table.name}.txt", sep="|", index=False)
        columns: dict[str, Any] = {c: c for c in frame}
        required = [n for n, c in table.columns.items() if not (c.optional or c.absent_means_missing)]
        columns |= {c: {"value": ""} for c in required if c not in columns}
        mapped[table.name] = {"files": f"{table.name}.txt", "columns": columns}
    return {
        "kind": "mapping", "path": str(folder), "dates": "calendar", "date_format": "%d.%m.%Y", "tables": mapped,
        "enrolment": {"from": DAY_ZERO.isoformat()},
    }  # fmt: skip


def test_a_cohort_comes_back_from_an_export_with_dates(tmp_path: Path) -> None:
    """The synthetic records, errors included: what is cleaned after the export is what is cleaned before it."""
    settings = {"kind": "synthetic", "people": 120, "sites": 4, "seed": 7, "scenario": "base"}
    before = read(settings, {})
    after = read(exported(sources.read("synthetic", settings), tmp_path), {"limited_dataset": True})
    stays = before["stays"]
    treated = stays[(stays["level_of_care"] != "detox") & (stays["start_day"] >= 0)]
    from_zero = treated.groupby("person_id")["start_day"].min()
    same = set(from_zero[from_zero == 0].index)
    assert len(same) > 100
    assert after["unread"].empty
    for name in ("stays", "persons", "sessions", "screens", "followups", "medications", "episodes"):
        one, two = (t[name][t[name]["person_id"].isin(same)].reset_index(drop=True) for t in (before, after))
        assert len(one)
        pd.testing.assert_frame_equal(two[one.columns], one)
