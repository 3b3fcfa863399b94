"""Generated files give back SAMHSA's counts through the reader, hang together, and follow their seed."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import chi2

from iop_outcomes import cli, sources
from iop_outcomes.codebooks.tedsd import codes
from iop_outcomes.errors import StudyError
from iop_outcomes.simulate.tedsd import generator, margins
from iop_outcomes.sources.tedsd import formats

ROWS, SEED = 60_000, 20260101
# the seed is fixed, so that the test is the same each time; 76 variables at one in ten thousand
SMALLEST_P = 1e-4
Counts = dict[str, dict[int, float]]


@pytest.fixture(scope="module")
def year_2019(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tedsd") / "tedsd_puf_2019.csv"
    assert (
        cli.main(["generate-tedsd", "--year", "2019", "--rows", str(ROWS), "--seed", str(SEED), "--out", str(path)])
        == 0
    )
    return path


@pytest.fixture(scope="module")
def typed(year_2019: Path) -> pa.Table:
    return formats.typed(year_2019)


def agreement(table: pa.Table, counts: Counts) -> dict[str, float]:
    """For each variable the p of Pearson's chi-square test against counts; rare codes, expected below 5, are pooled."""
    found = {}
    for variable, of in counts.items():
        values = table[variable].to_numpy()
        total = sum(of.values())
        expected = np.array([n / total * len(values) for n in of.values()])
        seen = np.array([(values == code).sum() for code in of])
        outside = len(values) - seen.sum()
        expected, seen = np.append(expected, 0.0), np.append(seen, outside)
        rare = expected < 5
        pooled = np.append(expected[~rare], expected[rare].sum()), np.append(seen[~rare], seen[rare].sum())
        if pooled[0][-1] < 1e-9:
            assert pooled[1][-1] == 0, f"{variable} holds codes that SAMHSA's counts do not"
            pooled = pooled[0][:-1], pooled[1][:-1]
        statistic = ((pooled[1] - pooled[0]) ** 2 / pooled[0]).sum()
        found[variable] = float(chi2.sf(statistic, max(len(pooled[0]) - 1, 1))) if len(pooled[0]) > 1 else 1.0
    return found


def published(year: int) -> Counts:
    """Counts by variable and code; lists that a codebook prints in part are left out."""
    every = margins.of_year(year)
    whole = {n: m for n, m in every.items() if margins.OTHER not in m.codes and n not in ("PMSA", "DISYR")}
    return {n: {int(c): p for c, p in zip(m.codes, m.shares, strict=True)} for n, m in whole.items()}


def test_a_generated_2019_gives_back_samhsas_counts(typed: pa.Table) -> None:
    p = agreement(typed, published(2019))
    assert len(p) == 73
    assert min(p.values()) > SMALLEST_P, {n: v for n, v in p.items() if v <= SMALLEST_P}


def test_a_generated_2019_gives_back_the_counts_of_the_codebook(typed: pa.Table, shared: Path) -> None:
    counts: Counts = {}
    with open(shared / "data/tedsd/tedsd_marginals_2006_2019.csv", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["year"] == "2019":
                counts.setdefault(row["variable"], {})[int(row["value"])] = int(row["n"])
    p = agreement(typed, counts)
    assert len(p) == 74
    assert min(p.values()) > SMALLEST_P, {n: v for n, v in p.items() if v <= SMALLEST_P}


def test_the_agreement_would_see_a_margin_that_is_off(typed: pa.Table) -> None:
    counts = published(2019)
    for variable, moved in (("REASON", 1.05), ("GENDER", 1.04), ("EDUC", 1.2)):
        off = dict(counts[variable])
        off[next(c for c in off if c > 0)] *= moved
        assert agreement(typed, {variable: off})[variable] < SMALLEST_P


def test_canonical_columns_give_back_samhsas_counts(year_2019: Path) -> None:
    tables = sources.read("tedsd", {"path": str(year_2019), "services": list(range(1, 9))})
    assert len(tables["persons"]) == ROWS
    assert tables["quarantine"].empty
    every = margins.of_year(2019)
    for table, column in (
        ("persons", "sex"),
        ("persons", "primary_drug"),
        ("persons", "hispanic"),
        ("stays", "level_of_care"),
        ("stays", "discharge_reason"),
    ):
        source = next(c for c in codes.columns() if (c.table, c.name) == (table, column))
        margin, shares = every[source.variable], {}
        for value, share in zip(margin.values, margin.shares, strict=True):
            word = str(source.outcome(value))
            shares[word] = shares.get(word, 0.0) + share
        seen = tables[table][column].value_counts()
        expected = pd.Series(shares) * ROWS
        assert set(seen.index) == set(expected.index)
        statistic = ((seen - expected) ** 2 / expected).sum()
        assert chi2.sf(statistic, len(expected) - 1) > SMALLEST_P, column


def test_variables_hang_together(typed: pa.Table) -> None:
    t = typed.to_pandas()
    completed = (t["REASON"] == 1).groupby(t["SERVICES"]).mean()
    assert completed[4] > completed[6] + 0.05
    stayed = (t["LOS"] >= 33).groupby(t["SERVICES"]).mean()
    assert stayed[7] > stayed[6] > stayed[4]
    assert (t["LOS"] >= 31)[(t["SERVICES"] == 6) & (t["REASON"] == 1)].mean() > (t["LOS"] >= 31)[
        (t["SERVICES"] == 6) & (t["REASON"] == 2)
    ].mean() + 0.1
    homeless = (t["LIVARAG"] == 1).groupby(t["SERVICES"]).mean()
    assert homeless[5] > 1.3 * homeless[7]
    assert (t["SUB1"] == t["SUB1_D"]).mean() > 0.8
    assert (t["METHUSE"] == 1)[t["SUB1"] == 5].mean() > 5 * (t["METHUSE"] == 1)[t["SUB1"] == 4].mean()
    # states differ in their services beyond chance
    mix = pd.crosstab(t["STFIPS"], t["SERVICES"] == 6, normalize="index")[True]
    assert mix.std() > 0.05
    # what follows from other variables does
    assert ((t["ALCFLG"] == 1) == (t[["SUB1", "SUB2", "SUB3"]] == 2).any(axis=1)).all()
    assert ((t["IDU"] == 1) == (t[["ROUTE1", "ROUTE2", "ROUTE3"]] == 4).any(axis=1)).all()
    assert t.groupby("STFIPS")["REGION"].nunique().max() == 1
    assert (t.loc[t["PREG"] == 1, "GENDER"] == 2).all()
    assert t["CASEID"].is_unique


@pytest.mark.parametrize(("year", "columns"), [(2010, 64), (2016, 76)])
def test_other_years_give_back_their_own_counts(year: int, columns: int, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    generator.write(year, 20_000, path, SEED)
    names = path.read_text(encoding="utf-8").split("\n", 1)[0].replace('"', "").split(",")
    assert len(names) == columns
    assert ("SERVSETD" in names, "ETHNICITY" in names, "SERVICES" in names) == (year == 2010, year == 2016, False)
    p = agreement(formats.typed(path), published(year))
    assert min(p.values()) > SMALLEST_P, {n: v for n, v in p.items() if v <= SMALLEST_P}
    tables = sources.read("tedsd", {"path": str(path)})
    assert tables["quarantine"].empty
    out = tables["arrivals"].query("table == 'persons'").set_index("outcome")["rows"]
    assert out["read"] == 20_000 == len(tables["persons"]) + out["excluded: detoxification"]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "CHUNK_ROWS", 400)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generator.write(2019, 1000, tmp_path / name, seed)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b
    assert a != c
    assert a.count(b"\n") == 1001


def test_years_without_counts_and_impossible_sizes_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["generate-tedsd", "--year", "2021", "--out", str(tmp_path / "a.csv")]) == 1
    assert "counts for 2021 are not known here" in capsys.readouterr().err
    with pytest.raises(StudyError, match="must be 0 or more"):
        generator.write(2019, -1, tmp_path / "a.csv", 1)
    assert not list(tmp_path.iterdir())
    generator.write(2019, 0, tmp_path / "a.csv", 1)
    assert formats.typed(tmp_path / "a.csv").num_rows == 0


def test_fitting_meets_its_margins_and_keeps_odds_ratios() -> None:
    rows, columns = np.array([0.3, 0.7]), np.array([0.5, 0.5])
    weights = np.array([[1.0, 2.0], [3.0, 2.0]])
    table = margins.fitted(weights, rows, columns)
    assert np.allclose(table.sum(axis=1), rows)
    assert np.allclose(table.sum(axis=0), columns)
    assert np.isclose(table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0]), 1 / 3)
    # raking over three groupings of four cells: 2 x 2 and the diagonal
    groups = [np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0, 1, 1, 0])]
    shares = [np.array([0.4, 0.6]), np.array([0.5, 0.5]), np.array([0.6, 0.4])]
    cells = margins.raked(np.ones(4), list(zip(groups, shares, strict=True)))
    for group, share in zip(groups, shares, strict=True):
        assert np.allclose(np.bincount(group, cells), share, atol=1e-7)
