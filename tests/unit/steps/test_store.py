"""What is read of a file: the whole table, or the columns and rows that a step asks for, as pandas would read them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from iop_outcomes import design, release
from iop_outcomes.analyses import abstinence, description, dose, retention, twice
from iop_outcomes.cohort import outcomes, population
from iop_outcomes.errors import TableError
from iop_outcomes.protocol import Adjustment, Analysis, Endpoint
from iop_outcomes.steps import runner, store
from iop_outcomes.steps.store import Wanted
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
LEFT = Endpoint(outcome="left", kind="left_index", cause="unplanned", label="Left", definition="Left.")
ROW = Analysis(
    analysis="q", step="retention", contrast="c", outcome="left", horizon_days=30, method="crude", cohort="x",
    measure="risk", missing_rule="none", estimand="as_observed",
)  # fmt: skip
ASKED = {"rows": [ROW], "endpoints": {"left": LEFT}}
READERS = [
    (retention, ASKED),
    (abstinence, ASKED),
    (twice, ASKED),
    (dose, {"rows": []}),
    (dose, {"rows": [ROW]}),
    (description, {"covariates": ["sex"]}),
    (outcomes, {"follows": ["care", "index"]}),
    (outcomes, {"follows": ["care", "care_gap_7", "index"]}),
    (population, {"adjustment": Adjustment(continuous=["age"])}),
    (population, {"adjustment": Adjustment(continuous=["tests_before"])}),
    (design, {"name": "c", "adjustment": Adjustment(continuous=["age"], categorical=["entry_period"])}),
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


def test_a_file_says_of_its_columns_what_pandas_would_have_written(tmp_path, monkeypatch):
    frame = FOLLOWED.assign(cause=pd.Series(["completed", None, "unplanned", "died"], dtype=object))
    frame = frame.assign(cause=frame["cause"].fillna("censored"), observable_days=[5, 6, 7, 8])
    store.write("retention", frame, tmp_path / "ours.parquet")
    frame.to_parquet(tmp_path / "theirs.parquet", index=False)
    ours, theirs = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("ours", "theirs"))
    assert ours.schema.remove_metadata() == theirs.schema.remove_metadata()
    assert ours.to_pydict() == theirs.to_pydict()
    whole = frame.assign(days_latest=frame["days_latest"].astype("Int64").mask(frame["days"] > 5))
    store._to_parquet("retention", whole, {})(tmp_path / "whole.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "whole.parquet"), whole)
    # of more values than can be numbered, the text itself
    monkeypatch.setattr(store, "MOST_CODES", 1)
    store.write("retention", frame, tmp_path / "text.parquet")
    assert pq.read_table(tmp_path / "text.parquet").to_pydict() == theirs.to_pydict()


def test_text_that_is_missing_for_everyone_stays_text(tmp_path):
    frame = TABLES["quarantine"].empty().reindex(range(2)).assign(table="stays", rule="x", row=[0, 1], person_id="p")
    frame = frame.astype({"row": "int64"})
    store.write("quarantine", frame, tmp_path / "q.parquet")
    assert store.read("quarantine", [tmp_path / "q.parquet"]).equals(frame)


def test_columns_and_rows_that_are_wanted(path):
    found = store.read("retention", [path], Wanted(("person_id", "follows", "days"), {"follows": ("care",)}))
    assert found.to_dict("list") == {"person_id": ["a", "b"], "follows": ["care", "care"], "days": [5, 6]}
    assert found["days"].dtype == np.int64
    # a column by which rows are chosen comes along, and one that the file lacks is left out
    found = store.read("retention", [path], Wanted(("days", "observable_days"), {"follows": ("care",)}))
    assert list(found) == ["follows", "days"]


def test_of_no_values_nothing_is_read(tmp_path):
    found = store.read("retention", [tmp_path / "not there.parquet"], Wanted(where={"follows": ()}))
    assert found.empty
    assert list(found) == list(TABLES["retention"].empty())


def test_rows_of_an_empty_table(tmp_path):
    store.write("first_use", TABLES["first_use"].empty(), tmp_path / "f.parquet")
    assert store.read("first_use", [tmp_path / "f.parquet"], Wanted(where={"outcome": ("relapse",)})).empty


def test_a_part_is_held_to_its_declaration(path):
    frame = pd.read_parquet(path).assign(days=[-1, 2, 3, 4])
    frame.to_parquet(path)
    with pytest.raises(TableError, match="days: a value below 0"):
        store.read("retention", [path], Wanted(("person_id", "days")))
    assert len(store.read("retention", [path], Wanted(("person_id", "days_latest")))) == 4


@pytest.mark.parametrize(("module", "settings"), READERS, ids=lambda v: getattr(v, "__name__", ""))
def test_steps_ask_for_columns_that_there_are(module, settings):
    for table, part in runner.parts(module, settings).items():
        asked = {*(part.columns or ()), *part.where} - {*settings.get("covariates", ())}
        assert asked <= set(TABLES[table].columns), table
        assert table in module.run.__annotations__


def test_a_step_without_a_word_on_it_reads_all() -> None:
    assert runner.parts(release, {}) == {}


def test_what_is_followed_of_other_gap_rules_is_read_where_it_is_asked_for() -> None:
    assert outcomes.reads(["care", "index"])["episodes_by_gap"] == store.NOTHING
    assert outcomes.reads(["care", "care_gap_7", "index"])["episodes_by_gap"] == store.ALL


@pytest.mark.parametrize("words", [["b", "a", "b", "c"], ["b", None, "a", "b"], [None] * 4, ["é", "z", "E", "e"]])
def test_what_is_counted_comes_as_pandas_would_make_categories_of_it(tmp_path, words):
    frame = FOLLOWED.assign(cause=pd.Series(words, dtype=object))
    store._to_parquet("retention", frame, {})(tmp_path / "r.parquet")
    found = store._from_parquet("retention", tmp_path / "r.parquet", Wanted(counted=["cause", "not there"]))
    pd.testing.assert_series_equal(found["cause"], frame["cause"].astype("category"))
    pd.testing.assert_frame_equal(found.drop(columns="cause"), frame.drop(columns="cause"))
    # categories that the chosen rows do not have are not there
    one = store._from_parquet(
        "retention", tmp_path / "r.parquet", Wanted(where={"follows": ("care",)}, counted=["cause"])
    )
    expected = frame.loc[frame["follows"] == "care", "cause"].astype("category").reset_index(drop=True)
    pd.testing.assert_series_equal(one["cause"], expected)


def test_what_is_counted_is_held_to_its_declaration_too(path):
    assert store.read("retention", [path], Wanted(counted=["cause"]))["cause"].dtype == "category"
    for wrong, said in (("left", "cause: a value outside"), (None, "cause: ")):
        frame = pd.read_parquet(path)
        frame.assign(cause=frame["cause"].where(frame["days"] > 3, wrong)).to_parquet(path)
        with pytest.raises(TableError, match=said):
            store.read("retention", [path], Wanted(counted=["cause"]))
        frame.to_parquet(path)


def test_what_was_held_to_its_declaration_as_it_was_written_is_not_looked_at_again(path, monkeypatch):
    looked: list[str] = []
    whole = store.check
    monkeypatch.setattr(
        store, "check", lambda table, frame, where: (looked.append(table.name), whole(table, frame, where))[1]
    )
    found = store.read("retention", [path])
    assert looked == []
    # what another program wrote says nothing, and several files may have the same key
    found.to_parquet(path)
    assert store.read("retention", [path]).equals(found)
    assert looked == ["retention"]
    monkeypatch.undo()
    store.write("retention", found, path)
    with pytest.raises(TableError, match="multiple_fields_uniqueness"):
        store.read("retention", [path, path])


def test_a_table_is_held_to_its_declaration_as_it_is_now(path, monkeypatch):
    days = dataclasses.replace(TABLES["retention"].columns["days"], high=4)
    now = dataclasses.replace(TABLES["retention"], columns={**TABLES["retention"].columns, "days": days})
    monkeypatch.setitem(TABLES, "retention", now)
    with pytest.raises(TableError, match="days: a value above 4"):
        store.read("retention", [path])


def test_categories_are_held_once_as_well(tmp_path, monkeypatch):
    frame = pd.DataFrame({"person_id": ["a", "b"], "sex": pd.Categorical(["x", "y"])})
    store.write("covariates", frame, tmp_path / "c.parquet")
    monkeypatch.setattr(store, "check", None)
    pd.testing.assert_frame_equal(store.read("covariates", [tmp_path / "c.parquet"]), frame)
