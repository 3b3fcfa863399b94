from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from iop_outcomes import sources
from iop_outcomes.errors import StudyError
from iop_outcomes.sources.trials import ctn0094, ctn0094_tests
from iop_outcomes.tables import TABLES, check

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "data" / "ctn0094"


@pytest.fixture(scope="module")
def tables(folder: Path) -> Tables:
    return sources.read("ctn0094", {"path": str(folder)})


@pytest.fixture(scope="module")
def published(folder: Path) -> pd.DataFrame:
    frame = pd.read_csv(folder / "published_endpoints.csv", dtype={"who": str}).set_index("who")
    return frame


@pytest.mark.parametrize(
    ("pattern", "week"),
    [("oooo", 1), ("-ooo", None), ("--oooo--", 3), ("-ooo-oooo", 6), ("ooo-ooooo", 5), ("----", None)],
)
def test_a_dropout_begins_with_the_first_of_four_missed_weeks_in_a_row(pattern: str, week: int | None) -> None:
    assert ctn0094.dropout_week(pattern) == week


def test_weeks_lie_on_both_sides_of_day_0() -> None:
    assert ctn0094._days("_-", "+o") == [(-10, "_"), (-3, "-"), (3, "+"), (10, "o")]


VISITS = pd.DataFrame(
    [
        ("1", "WK1", "visit", "9", {}),
        ("1", "WK2", "no visit", "", {"is_dead": "1"}),
        ("1", "WK3", "MISSING", "", {"is_dead": "1", "is_in_jail": "1", "is_no_show": "1"}),
        ("2", "WK1", "visit", "6", {}),
        ("2", "WK3", "no visit", "", {"is_no_show": "1"}),
        ("2", "M1F", "MISSING", "", {"is_no_show": "1"}),
    ],
    columns=["who", "visit", "what", "when", "flags"],
)
VISITS = (
    VISITS.drop(columns="flags")
    .assign(**{c: [f.get(c, "") for f in VISITS["flags"]] for c in (*ctn0094_tests.REASONS, "is_dead")})
    .to_csv(index=False)
)


def small(folder: Path) -> dict[str, str]:
    """Two invented people: one inpatient who drops out in week 2, one outpatient who stays."""
    files = {
        "ctn0094_randomization.csv": (
            "who,treatment,which,when\n1,Inpatient BUP,1,5\n1,Inpatient BUP,2,9\n2,Methadone,1,0\n"
        ),
        "ctn0094_everybody.csv": "who,project\n1,51\n2,27\n3,30\n",
        "ctn0094_demographics.csv": (
            "who,age,is_hispanic,race,job,is_living_stable,education,marital,is_male\n"
            "1,30,Yes,White,,Yes,,,Yes\n2,,,Refused/missing,Student,No,,,No\n"
        ),
        "ctn0094_site_masked.csv": "who,site_masked\n1,7\n2,8\n",
        "ctn0094_asi.csv": "who,used_iv\n1,Yes\n2,\n",
        "ctn0094_psychiatric.csv": (
            "who,has_schizophrenia,has_major_dep,has_bipolar,has_anx_pan\n1,No,Yes,,No\n2,No,No,No,No\n"
        ),
        "ctn0094_treatment.csv": "who,amount,when\n1,8,6\n1,16,9\n1,0,20\n2,60,0\n3,60,0\n",
        "ctn0094_visit.csv": VISITS,
        "weekly_opioid_pattern.csv": "who,Baseline\n1,_+\n2,__\n",
        "published_endpoints.csv": "who,usePatternUDS\n1,*ooooo\n2,--o+-\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    return files


def test_two_invented_people_by_hand(tmp_path: Path) -> None:
    small(tmp_path)
    tables = sources.read("ctn0094", {"path": str(tmp_path)})
    stays = tables["stays"].set_index("person_id")
    assert list(stays.index) == ["1", "2"]
    # dropped out in week 2, last seen by day 7; the visit due on day 14 is the first that records the death
    assert stays.loc["1", ["level_of_care", "end_day", "discharge_reason", "site_id"]].tolist() == [
        "3.7",
        7,
        "died",
        "7",
    ]
    assert stays.loc["2", ["level_of_care", "end_day", "discharge_reason"]].tolist() == ["1", 35, "completed"]
    persons = tables["persons"].set_index("person_id")
    assert persons.loc["1", "death_day"] == 14
    assert persons["trial"].tolist() == ["CTN-0051", "CTN-0027"]
    assert persons["cooccurring_disorder"].tolist() == ["yes", "no"]
    assert persons["injection_use"].tolist() == ["ever", "unknown"]
    assert persons["race"].tolist() == ["White", "unknown"]
    assert persons["sex"].tolist() == ["male", "female"]
    assert persons["employment"].tolist() == ["unknown", "Student"]
    assert persons["observed_to_day"].tolist() == [42, 35]
    screens = tables["screens"]
    first = screens[screens["person_id"] == "1"]
    assert first["day"].tolist() == [-3, 3, 10, 17, 24, 31, 38]
    assert first["result"].tolist() == ["positive", "inconclusive"] + ["missing"] * 5
    # of several notes on a missed visit the one that explains it most; a visit without a day and a week has no reason
    assert first["reason"].tolist() == [None, None, None, "in_jail", None, None, None]
    second = screens[screens["person_id"] == "2"]
    assert second["reason"].tolist() == [None, None, "no_show", None, None]
    # doses of nothing do not count; days are from randomisation
    assert tables["medications"].to_numpy().tolist() == [
        ["1", "buprenorphine", 1, 4],
        ["2", "methadone", 0, 0],
    ]


def test_an_unknown_arm_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    files = small(tmp_path)
    name = "ctn0094_randomization.csv"
    (tmp_path / name).write_text(files[name].replace("Methadone", "Placebo"))
    with pytest.raises(StudyError, match="1 people have an unknown arm"):
        sources.read("ctn0094", {"path": str(tmp_path)})
    (tmp_path / "ctn0094_asi.csv").unlink()
    with pytest.raises(StudyError, match=r"lacks ctn0094_asi\.csv.*DATA="):
        sources.inputs("ctn0094", {"path": str(tmp_path)})


def test_a_person_twice_is_refused(tmp_path: Path) -> None:
    files = small(tmp_path)
    (tmp_path / "ctn0094_asi.csv").write_text(files["ctn0094_asi.csv"] + "2,No\n")
    with pytest.raises(StudyError, match="1 rows repeat a person"):
        sources.read("ctn0094", {"path": str(tmp_path)})


def test_the_people_of_the_three_trials(tables: Tables) -> None:
    for name, frame in tables.items():
        check(TABLES[name if name in ("quarantine", "arrivals") else f"raw_{name}"], frame)
    assert len(tables["persons"]) == 2492
    assert tables["stays"]["level_of_care"].value_counts().to_dict() == {"1": 1922, "3.7": 570}
    assert tables["persons"]["assigned_arm"].value_counts().to_dict() == {
        "Inpatient NR-NTX": 283,
        "Inpatient BUP": 287,
        "Methadone": 529,
        "Outpatient BUP": 740,
        "Outpatient BUP + EMM": 329,
        "Outpatient BUP + SMM": 324,
    }
    # CTN-0030 (Weiss 2011) randomised 653
    assert tables["persons"]["trial"].value_counts().to_dict() == {
        "CTN-0027": 1269,
        "CTN-0030": 653,
        "CTN-0051": 570,
    }
    screens = tables["screens"]
    assert not screens.drop(columns="reason").isna().any(axis=None)
    assert (screens.loc[screens["reason"].notna(), "result"] == "missing").all()
    assert set(screens["reason"].dropna()) <= set(ctn0094_tests.REASONS.values())


def patterns(screens: pd.DataFrame, first_week: int = 1) -> pd.Series:
    """Each person's results from a week on, one letter a week, from the canonical screens."""
    later = screens[screens["day"] >= 7 * (first_week - 1)].sort_values(["person_id", "day"])
    return later["result"].str[0].groupby(later["person_id"]).agg("".join)


def four_in_a_row(pattern: str, letters: str) -> tuple[int, int]:
    """CTNote's rule: first window of four, or the number of windows; and whether there was one."""
    windows = [all(c in letters for c in pattern[i : i + 4]) for i in range(len(pattern) - 3)]
    return (windows.index(True) + 1, 1) if any(windows) else (len(windows), 0)


def endpoint(screens: pd.DataFrame, letters: str, first_week: int = 1) -> pd.DataFrame:
    found = patterns(screens, first_week).map(lambda p: four_in_a_row(p, letters))
    return pd.DataFrame(found.tolist(), index=found.index, columns=["week", "event"])


def test_published_relapse_is_recovered_from_the_screens_of_everyone(tables: Tables, published: pd.DataFrame) -> None:
    found = endpoint(tables["screens"], "pmi")
    for column, name in (("week", "RsT_ctnNinetyFour_2023"), ("event", "RsE_ctnNinetyFour_2023")):
        assert (found[column] == published.loc[found.index, name]).all()


def test_dropout_is_the_end_of_the_stay(tables: Tables) -> None:
    dropout = endpoint(tables["screens"], "m")
    stays = tables["stays"].set_index("person_id").loc[dropout.index]
    left = stays["discharge_reason"].isin(["unplanned", "died"])
    assert (left == (dropout["event"] == 1)).all()
    assert (stays.loc[left, "end_day"] == 7 * (dropout.loc[left, "week"] - 1)).all()
    assert left.sum() == 1288


def test_dropout_rule_gives_the_reference_curve_of_all_3560(published: pd.DataFrame, shared: Path) -> None:
    """The reference, made in R, counts people who were never randomised too; the source leaves them out."""
    import json

    oracles = json.loads((shared / "oracles" / "oracles.json").read_text())["oracles"]
    values = oracles["CTN_UDS_ENDPOINTS"]["values"]["dropout_4missed"]
    week = published["usePatternUDS"].map(ctn0094.dropout_week)
    assert len(week) == 3560
    assert week.notna().sum() == values["events"]
    # nobody has been censored by week 8, so the Kaplan-Meier curve is a share
    for time, surviving in list(zip(values["km"]["time"], values["km"]["surv"], strict=True))[:2]:
        assert 1 - (week <= time).mean() == pytest.approx(surviving, abs=1e-12)


def hazard_ratio(endpoints: pd.DataFrame, treated: pd.Series) -> float:
    from lifelines import CoxPHFitter

    fit = CoxPHFitter().fit(endpoints.assign(treated=treated.astype(int)), "week", "event")
    return float(fit.hazard_ratios_["treated"])


@pytest.mark.parametrize(
    ("letters", "everyone", "buprenorphine"),
    [("m", 1.429, 1 / 1.078), ("pmi", 0.739, 1 / 1.779)],
    ids=["dropout", "relapse"],
)
def test_started_inpatient_against_outpatient(
    tables: Tables, letters: str, everyone: float, buprenorphine: float
) -> None:
    """They disagree. The known 1.08 and 1.78 are outpatient against inpatient buprenorphine alone."""
    found = endpoint(tables["screens"], letters)
    arm = tables["persons"].set_index("person_id")["assigned_arm"].loc[found.index]
    inpatient = arm.str.startswith("Inpatient")
    assert hazard_ratio(found, inpatient) == pytest.approx(everyone, abs=0.001)
    only = arm.isin(["Inpatient BUP", "Outpatient BUP"])
    assert hazard_ratio(found[only], inpatient[only]) == pytest.approx(buprenorphine, abs=0.001)


def test_relapse_of_ctn_0051_from_week_3(tables: Tables) -> None:
    """Lee 2018: naltrexone 65 %, buprenorphine 57 %, hazard ratio 1.36; here 66.1 %, 57.8 % and 1.41."""
    persons = tables["persons"].set_index("person_id")
    found = endpoint(tables["screens"], "pmi", first_week=3)
    found = found[persons["trial"].loc[found.index] == "CTN-0051"]
    naltrexone = persons["assigned_arm"].loc[found.index] == "Inpatient NR-NTX"
    share = (100 * found["event"].groupby(naltrexone).mean()).round(1)
    assert share.to_dict() == {True: 66.1, False: 57.8}
    assert hazard_ratio(found, naltrexone) == pytest.approx(1.405, abs=0.001)
