"""The reader of TEDS-D: lengths of stay, what comes in and what does not, unknown codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from discharges import read, validated, write

from iop_outcomes.sources import tedsd
from iop_outcomes.tables.canonical import UNBOUNDED_DAYS


def test_a_discharge_by_hand(tmp_path: Path) -> None:
    tables = read(write(tmp_path / "a.csv", {"CASEID": 123, "LOS": 33, "SERVICES_D": 7, "REASON": 4}))
    stay, person = tables["stays"].iloc[0], tables["persons"].iloc[0]
    assert (stay["person_id"], stay["stay_id"], stay["site_id"]) == ("2019-123", "2019-123", "state 36")
    assert (stay["level_of_care"], stay["service"], stay["level_at_discharge"]) == ("2.1", "intensive outpatient", "1")
    assert (stay["start_day"], stay["end_day"], stay["end_day_latest"]) == (0, 61, 90)
    assert (stay["discharge_reason"], stay["use_at_discharge"]) == ("transferred", "none")
    assert stay["program_type"] == "substance_use"
    assert (person["age"], person["age_group"], person["sex"]) == (30, "30-34", "male")
    assert (person["entry_period"], person["observed_to_day"]) == ("2019", UNBOUNDED_DAYS)
    assert (person["race"], person["hispanic"], person["primary_drug"]) == ("White", "no", "alcohol")
    assert (person["stable_housing"], person["living_arrangement"]) == ("yes", "independent")
    assert (person["legal_mandate"], person["referral_source"]) == ("no", "individual")
    assert person[["death_day"]].isna().all()


LENGTHS = [
    (1, 1, None),
    (30, 30, None),
    (31, 31, 45),
    (32, 46, 60),
    (33, 61, 90),
    (34, 91, 120),
    (35, 121, 180),
    (36, 181, 365),
    (37, 366, UNBOUNDED_DAYS),
]


@pytest.mark.parametrize("service", [4, 6])
def test_lengths_are_days_or_intervals_and_only_outpatient_stays_have_the_extra_day(
    tmp_path: Path, service: int
) -> None:
    path = write(tmp_path / "a.csv", *({"LOS": code, "SERVICES_D": service} for code, _, _ in LENGTHS))
    stays = read(path)["stays"]
    assert stays["end_day"].tolist() == [first for _, first, _ in LENGTHS]
    assert stays["end_day_latest"].astype(object).where(stays["end_day_latest"].notna(), None).tolist() == [
        last for _, _, last in LENGTHS
    ]
    less = int(service == 6)
    removed = read(path, outpatient_extra_day="removed")["stays"]
    assert removed["end_day"].tolist() == [first - less for _, first, _ in LENGTHS]
    assert removed["end_day_latest"].dropna().tolist() == [last - less for _, _, last in LENGTHS if last][:-1] + [
        UNBOUNDED_DAYS
    ]


def test_none_is_a_value_and_missing_is_unknown(tmp_path: Path) -> None:
    none = {"SUB1": 1, "HLTHINS": 4, "PRIMINC": 5, "ARRESTS": 0, "NOPRIOR": 0, "FREQ1": 1, "FREQ_ATND_SELF_HELP": 1}
    tables = read(write(tmp_path / "a.csv", none, dict.fromkeys(none, -9), dict.fromkeys(none, "")))
    columns = [
        "primary_drug",
        "health_insurance",
        "income_source",
        "arrests",
        "prior_treatment",
        "use_frequency",
        "self_help",
    ]
    said = tables["persons"][columns]
    assert said.iloc[0].tolist() == ["none", "none", "none", "none", "no", "none", "none"]
    assert set(said.iloc[1]) == set(said.iloc[2]) == {"unknown"}
    assert tables["quarantine"].empty


def test_unknown_codes_are_quarantined_by_variable_and_place_and_nothing_else_is_lost(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv", {}, {"SUB1": 20}, {"REASON": 9}, {"SUB1": 99, "RACE": 77}, {"AGE": -9}, {"SERVICES": 12},
        {"SUB1": "beer"}, {"DISYR": 1999}, {"LOS": 4000},
    )  # fmt: skip
    tables = read(path)
    found = {(r.table, r.row): r.rule for r in tables["quarantine"].itertuples()}
    assert found == {
        ("persons", 1): "unknown code in SUB1",
        ("stays", 2): "unknown code in REASON",
        # columns.csv has race before the drug: the first one counts
        ("persons", 3): "unknown code in RACE",
        ("persons", 4): "unknown code in AGE",
        ("stays", 5): "unknown code in SERVICES",
        ("persons", 6): "unknown code in SUB1",
        ("persons", 7): "unknown code in DISYR",
        ("stays", 8): "unknown code in LOS",
    }
    assert tables["quarantine"]["person_id"].tolist() == [
        f"{1999 if r == 7 else 2019}-{r + 1}" for r in tables["quarantine"]["row"]
    ]
    valid = validated(tables)
    assert valid["stays"]["person_id"].tolist() == ["2019-1"]
    intake = valid["intake"]
    assert intake.groupby("table")["rows"].sum()[["persons", "stays"]].tolist() == [9, 9]


def test_missing_reasons_lengths_and_services_are_left_to_the_rules_of_cleaning(tmp_path: Path) -> None:
    old = {
        "DISYR": 2010,
        "AGE": 7,
        "SERVICES": None,
        "FREQ1_D": None,
        "FREQ_ATND_SELF_HELP": None,
        "ETHNIC": 5,
        "NOPRIOR": 2,
        "DAYWAIT": 40,
        "PRIMINC": 21,
        "IDU": -8,
    }
    path = write(tmp_path / "a.csv", old, {**old, "REASON": -9}, {**old, "LOS": -9}, {**old, "SERVICES_D": -9})
    tables = read(path)
    assert tables["quarantine"].empty
    assert tables["stays"]["use_at_discharge"].tolist() == ["unknown"] * 4
    assert tables["persons"]["self_help"].tolist() == ["unknown"] * 4
    valid = validated(tables)
    rules = {(r.table, r.row): r.rule for r in valid["quarantine"].itertuples()}
    assert rules == {
        ("stays", 1): "ended without a reason",
        ("stays", 2): "a reason but no end",
        ("stays", 3): "missing level_of_care",
    }


def test_detoxification_other_years_and_services_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [{"SERVICES": s, "SERVICES_D": 7} for s in range(1, 9)] + [{"DISYR": 2018, "SERVICES": 1}]
    path = write(tmp_path / "a.csv", *rows)
    tables = read(path, services=[6, 7], years=[2019])
    assert tables["stays"]["service"].tolist() == ["intensive outpatient", "outpatient"]
    out = tables["arrivals"].set_index(["table", "outcome"])["rows"]
    for name in ("persons", "stays"):
        assert out[name, "read"] == 9
        assert out[name, "excluded: discharged in another year"] == 1
        assert out[name, "excluded: detoxification"] == 3
        assert out[name, "excluded: service not asked for"] == 3
    assert read(path)["stays"]["level_of_care"].tolist() == ["4", "3.5", "3.1", "2.1", "1"]
    assert (read(path, services=[1, 8])["stays"]["level_of_care"] == "detox").all()


def test_the_sample_follows_the_seed_and_not_the_order_of_rows_or_files(tmp_path: Path) -> None:
    rows = [{"CASEID": 1000 + i} for i in range(300)]
    whole, folder = write(tmp_path / "a.csv", *rows), tmp_path / "two"
    folder.mkdir()
    write(folder / "z.csv", *({**r, "DISYR": 2018} for r in rows))
    write(folder / "a.csv", *reversed(rows))
    one, other = read(whole, sample=100, seed=1), read(whole, sample=100, seed=2)
    assert len(one["stays"]) == 100
    assert set(one["persons"]["person_id"]) != set(other["persons"]["person_id"])
    out = one["arrivals"].set_index(["table", "outcome"])["rows"]
    assert (out["stays", "read"], out["stays", "excluded: not in the sample"]) == (300, 200)
    both = read(folder, sample=400, seed=1)
    drawn = both["persons"]["entry_period"].value_counts()
    assert drawn.sum() == 400
    assert drawn.min() > 150
    alone = read(folder, sample=100, seed=1, years=[2019])
    assert set(alone["persons"]["person_id"]) == set(one["persons"]["person_id"])
    # two means of 100 of 300: within four standard errors of the middle
    cases = one["persons"]["person_id"].str[5:].astype(int)
    assert abs(cases.mean() - 1149.5) < 4 * 86.6 / 10
    assert len(read(whole, sample=1000)["stays"]) == 300


def test_until_2016_the_service_at_discharge_stands_for_both(tmp_path: Path) -> None:
    path = write(
        tmp_path / "tedsd_2016_puf.csv",
        {"DISYR": 2016, "SERVICES": None, "SERVICES_D": 4},
        {"DISYR": 2016, "SERVICES": None, "SERVICES_D": 1},
    )
    tables = read(path)
    assert tables["stays"][["level_of_care", "level_at_discharge"]].to_numpy().tolist() == [["3.5", "3.5"]]
    filled = write(
        tmp_path / "b.csv",
        {"DISYR": 2016, "SERVICES": -9, "SERVICES_D": 5},
        {"DISYR": 2019, "SERVICES": -9, "SERVICES_D": 5},
    )
    tables = read(filled)
    assert tables["stays"]["level_of_care"].iloc[0] == "3.1"
    assert tables["quarantine"]["rule"].tolist() == ["unknown code in SERVICES"]
    assert any("service at discharge only" in n and "2016" in n for n in tedsd.notes({"path": str(path)}))
    assert not any("service at discharge only" in n for n in tedsd.notes({"path": str(filled)}))


def test_notes_tell_of_years_beyond_the_codebooks_and_of_the_extra_day(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", {"DISYR": 2023}, {"DISYR": 2023, "SUB1": 21})
    tables = read(path)
    assert tables["persons"]["entry_period"].tolist() == ["2023", "2023"]
    assert tables["quarantine"]["rule"].tolist() == ["unknown code in SUB1"]
    said = tedsd.notes({"path": str(path), "outpatient_extra_day": "removed", "sample": 10})
    assert "The codes of 2022 were used for 2023." in said
    assert any("taken off" in n for n in said)
    assert any("sample of at most 10" in n for n in said)
    assert any("left as published" in n for n in tedsd.notes({"path": str(path)}))
