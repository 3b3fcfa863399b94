"""What is read of a file: the whole table, or the columns and rows that a step asks for, as pandas would read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from iop_outcomes import store
from iop_outcomes.analyses import abstinence, dose, records, retention, twice
from iop_outcomes.cohort import abstinence as endpoints
from iop_outcomes.cohort import dose as windows
from iop_outcomes.cohort import population
from iop_outcomes.cohort import retention as stays
from iop_outcomes.errors import TableError
from iop_outcomes.tables import TABLES

FOLLOWED = pd.DataFrame(
    {
        "person_id": pd.Series(["a", "b", "a", "b"], dtype=object),
        "follows": pd.Series(["index", "index", "care", "care"], dtype=object),
        "days": [3, 4, 5, 6],
        "days_latest": [3, 4, 5, 9],
        "cause": pd.Series(["completed", "censored", "left", "died"], dtype=object),
    }
)
# settings of the steps that say what they read
ASKED = {"rows": [{"outcome": "left"}], "endpoints": {"left": {"follows": "index"}}}
READERS = [
    (retention, ASKED),
    (abstinence, ASKED),
    (twice, ASKED),
    (dose, {"rows": []}),
    (records, {"covariates": ["sex"]}),
    (endpoints, {}),
    (windows, {"windows": []}),
    (windows, {"windows": [30]}),
    (stays, {"follows": ["index"]}),
    (stays, {}),
    (population, {}),
]


@pytest.fixture
def path(tmp_path) -> Path:
    store.write(
        "retention", FOLLOWED.assign(cause=FOLLOWED["cause"].replace("left", "unplanned")), tmp_path / "r.parquet"
    )
    return tmp_path / "r.parquet"


def test_a_whole_table_is_what_pandas_reads(path):
    pd.testing.assert_frame_equal(store.read("retention", [path]), pd.read_parquet(path))


def test_missing_text_and_missing_numbers_stay_missing(tmp_path):
    frame = pd.DataFrame(
        {
            "table": pd.Series(["stays", "persons", "stays"], dtype=object),
            "rule": pd.Series(list("xyx"), dtype=object),
            "row": [0, 1, 2],
            "person_id": pd.Series(["p", None, "q"], dtype=object),
            "cell": pd.Series([None, "sex", None], dtype=object),
        }
    )  # fmt: skip
    store.write("quarantine", frame, tmp_path / "q.parquet")
    found = store.read("quarantine", [tmp_path / "q.parquet"])
    pd.testing.assert_frame_equal(found, pd.read_parquet(tmp_path / "q.parquet"))
    assert found["cell"].tolist() == [None, "sex", None]


def test_columns_and_rows_that_are_wanted(path):
    found = store.read("retention", [path], columns=("person_id", "follows", "days"), where={"follows": ("care",)})
    assert found.to_dict("list") == {"person_id": ["a", "b"], "follows": ["care", "care"], "days": [5, 6]}
    assert found["days"].dtype == np.int64
    # a column by which rows are chosen comes along, and one that the file lacks is left out
    found = store.read("retention", [path], columns=("days", "observable_days"), where={"follows": ("care",)})
    assert list(found) == ["follows", "days"]


def test_of_no_values_nothing_is_read(tmp_path):
    found = store.read("retention", [tmp_path / "not there.parquet"], where={"follows": ()})
    assert found.empty
    assert list(found) == list(TABLES["retention"].empty())


def test_rows_of_an_empty_table(tmp_path):
    store.write("first_use", TABLES["first_use"].empty(), tmp_path / "f.parquet")
    assert store.read("first_use", [tmp_path / "f.parquet"], where={"outcome": ("relapse",)}).empty


def test_a_part_is_held_to_its_declaration(path):
    frame = pd.read_parquet(path).assign(days=[-1, 2, 3, 4])
    frame.to_parquet(path)
    with pytest.raises(TableError, match="days: a value below 0"):
        store.read("retention", [path], columns=("person_id", "days"))
    assert len(store.read("retention", [path], columns=("person_id", "days_latest"))) == 4


@pytest.mark.parametrize(("module", "settings"), READERS, ids=lambda v: getattr(v, "__name__", ""))
def test_steps_ask_for_columns_that_there_are(module, settings):
    for table, part in module.reads(settings).items():
        declared = TABLES[table]
        asked = {*(part.get("columns") or ()), *part.get("where", {})} - {*settings.get("covariates", ())}
        assert asked <= set(declared.columns), table
