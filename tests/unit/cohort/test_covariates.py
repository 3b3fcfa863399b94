"""Covariates of a cohort: references, rare categories, order of people, and the way through a file and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.cohort import covariates
from iop_outcomes.errors import StudyError, TableError
from iop_outcomes.protocol import Adjustment
from iop_outcomes.steps import store
from iop_outcomes.tables import TABLES, check

ADJUSTMENT = Adjustment(continuous=["severity", "age"], categorical=["drug", "sex", "state"])


def people(n: int = 60) -> pd.DataFrame:
    """Drugs 'b' and 'c' as often as each other, 'a' less, 'rare' nine times; one state; severity missing for ten."""
    at = np.arange(n)
    drug = np.select([at < 9, at < 27, at < 45], ["rare", "c", "b"], "a")
    return pd.DataFrame(
        {
            "person_id": [f"p{i:02d}" for i in at], "drug": drug.astype(object), "state": "S=1",
            "sex": np.where(at % 3 == 0, "male", "female").astype(object), "age": 20.0 + at,
            "severity": np.where(at < 10, np.nan, at),
        }
    )  # fmt: skip


def made() -> pd.DataFrame:
    frame = covariates.table(people(), people(), ADJUSTMENT)
    return check(TABLES["covariates"], frame)


def test_the_reference_is_the_most_frequent_category_and_the_first_by_name_of_several():
    found = made()
    assert list(found["drug"].cat.categories) == ["b", "a", "c"]
    assert found["drug"].value_counts().to_dict() == {"b": 27, "c": 18, "a": 15}
    assert list(found["sex"].cat.categories) == ["female", "male"]
    assert list(found["state"].cat.categories) == ["S=1"]
    assert found.loc[0, "severity"] == pytest.approx(34.5)


def test_a_matrix_has_numbers_first_and_no_column_for_references():
    x = covariates.matrix(made())
    assert x.names == ("severity", "severity=missing", "age", "drug=a", "drug=c", "sex=male")
    assert x.levels == (2, 1)
    given = people()
    joined = given["drug"].replace("rare", "b")
    expected = [
        given["severity"].fillna(34.5), given["severity"].isna(), given["age"], joined == "a", joined == "c",
        given["sex"] == "male",
    ]  # fmt: skip
    np.testing.assert_array_equal(x.dense(), np.column_stack(expected).astype(float))


def test_people_come_in_the_order_asked_for():
    whole, some = covariates.matrix(made()), ["p31", "p02", "p59"]
    found = covariates.matrix(made(), some)
    np.testing.assert_array_equal(found.dense(), whole.dense()[[31, 2, 59]])
    assert found.names == whole.names
    with pytest.raises(StudyError, match="1 people have no row in the table covariates"):
        covariates.matrix(made(), ["p31", "stranger"])


def test_no_covariates_make_no_columns():
    assert covariates.matrix(made()[["person_id"]]).shape == (60, 0)


def test_categories_and_their_order_survive_the_way_out_and_back(tmp_path):
    frame = made().assign(drug=made()["drug"].cat.add_categories(["nobody"]))
    store.write("covariates", frame, tmp_path / "one.parquet")
    pd.testing.assert_frame_equal(store.read("covariates", [tmp_path / "one.parquet"]), frame)
    # in several groups of rows, of which none holds every category
    frame.to_parquet(tmp_path / "groups.parquet", index=False, row_group_size=7)
    pd.testing.assert_frame_equal(store.read("covariates", [tmp_path / "groups.parquet"]), frame)


def test_files_with_the_same_categories_are_read_as_one_and_others_are_refused(tmp_path):
    for name, rows in (("a", slice(0, 30)), ("b", slice(30, 60))):
        store.write("covariates", made().iloc[rows], tmp_path / f"{name}.parquet")
    pd.testing.assert_frame_equal(store.read("covariates", [tmp_path / f"{n}.parquet" for n in "ab"]), made())
    other = made().assign(person_id=[f"q{i}" for i in range(60)], sex=pd.Categorical(["x"] * 60))
    store.write("covariates", other, tmp_path / "c.parquet")
    with pytest.raises(TableError, match="sex: has another type than number or category"):
        store.read("covariates", [tmp_path / "a.parquet", tmp_path / "c.parquet"])


@pytest.mark.parametrize(
    "values", [np.arange(60), np.full(60, "a", dtype=object), pd.Categorical(np.arange(60)), pd.array([1.0] * 60)]
)
def test_a_covariate_is_a_number_or_a_category(values):
    with pytest.raises(TableError, match="extra: has another type than number or category"):
        check(TABLES["covariates"], made().assign(extra=values))


def test_a_category_that_is_missing_for_someone_is_refused():
    gap = made()["sex"].where(np.arange(60) > 0)
    with pytest.raises(TableError, match="sex"):
        check(TABLES["covariates"], made().assign(sex=gap))
