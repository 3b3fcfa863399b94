"""What a question finds within groups: against the same run on a group alone, by hand, and where it cannot be."""

from __future__ import annotations

from typing import Any

import contrast_people as of
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from iop_outcomes import design
from iop_outcomes.analyses import abstinence, for_whom, groups
from iop_outcomes.protocol import Inference, Modifier
from iop_outcomes.tables.results import GROUPS_DIFFER, GROUPS_DIFFER_BY_RATIO, SCORE_PATTERNS

SEX = Modifier(column="sex", title="Sex")
THIRDS = Modifier(column="age", title="Age", thirds=True)
ASKED = of.ask(step="abstinence", outcome="abstinent", horizon_days=180, missing_rule="observed_only")


@pytest.fixture(scope="module")
def people() -> dict[str, pd.DataFrame]:
    return of.people_of_a_contrast()


def within(
    people: dict[str, pd.DataFrame], modifiers: dict[str, Modifier], inference: Inference = of.INFERENCE, **changes: Any
) -> dict[str, pd.DataFrame]:
    rows = [ASKED.model_copy(update={"group_by": tuple(modifiers), **changes})]
    tables = (people[n] for n in ("people", "covariates", "arms", "scores", "abstinence"))
    return for_whom.run(
        *tables, "c", rows, of.CONTRAST, modifiers, of.ADJUSTMENT, of.ENDPOINTS, of.GATE, inference
    )  # fmt: skip


def some_of(people: dict[str, pd.DataFrame], there: np.ndarray) -> dict[str, pd.DataFrame]:
    """The people of a group as if nobody else had come."""
    ids = people["people"]["person_id"][there]
    return {
        name: table[table["person_id"].isin(ids)].reset_index(drop=True)
        for name, table in people.items()
        if name != "gates"
    }


def test_a_group_finds_what_its_people_alone_find(people: dict[str, pd.DataFrame]) -> None:
    found = within(people, {"sex": SEX})["estimates"]
    for group in ("female", "male"):
        alone = some_of(people, (people["people"]["sex"] == group).to_numpy())
        tables = (alone[name] for name in ("people", "covariates", "arms"))
        made = design.run(*tables, "k", "c", of.CONTRAST, of.ADJUSTMENT, of.GATE, ["overlap"])
        other = abstinence.run(
            alone["abstinence"], alone["first_use"], made["scores"], made["gates"], [ASKED], of.CONTRAST, of.ENDPOINTS,
            of.GATE, of.INFERENCE,
        )["estimates"]  # fmt: skip
        own = found[found["group"] == group].reset_index(drop=True)
        pd.testing.assert_frame_equal(own.assign(group_by="all", group="all"), other)
        assert (own["status"] == "ok").all()


def test_two_groups_are_tested_by_their_difference(people: dict[str, pd.DataFrame]) -> None:
    found = within(people, {"sex": SEX})
    one, other = (
        found["estimates"].query("of == @scale")[["estimate", "std_error"]].to_numpy()
        for scale in ("difference", "ratio")
    )
    told = found["diagnostics"].set_index("quantity")["value"]
    for (values, errors), quantity in zip(
        (one.T, (np.log(other[:, 0]), other[:, 1])), (GROUPS_DIFFER, GROUPS_DIFFER_BY_RATIO), strict=True
    ):
        wald = (values[0] - values[1]) ** 2 / (errors**2).sum()
        assert told[quantity] == pytest.approx(stats.chi2.sf(wald, 1), rel=1e-9)
    assert (found["diagnostics"]["group_by"] == "sex").all()
    assert told.loc[SCORE_PATTERNS].min() > 50


def test_groups_are_counted_by_arm_and_level_and_make_everyone(people: dict[str, pd.DataFrame]) -> None:
    found = within(people, {"sex": SEX, "age": THIRDS})["counts"]
    whole = of.people_of_a_contrast()["scores"]
    for by in ("sex", "age"):
        own = found[found["group_by"] == by]
        assert (
            own.groupby("arm")["count"].sum().to_dict()
            == whole["arm"].map({1: "iop", 0: "residential"}).value_counts().to_dict()
        )


def test_order_changes_nothing(people: dict[str, pd.DataFrame]) -> None:
    modifiers = {"sex": SEX, "age": THIRDS}
    mixed = {
        n: t if n == "gates" else t.sample(frac=1, random_state=5).reset_index(drop=True) for n, t in people.items()
    }
    one, other = (within(tables, modifiers) for tables in (people, mixed))
    for name in ("estimates", "diagnostics"):
        pd.testing.assert_frame_equal(one[name], other[name], rtol=1e-9)


def test_sites_are_shared_by_groups(people: dict[str, pd.DataFrame]) -> None:
    sites = of.INFERENCE.model_copy(update={"cluster": "site", "min_clusters": 3})
    once, shared = (within(people, {"sex": SEX}, how)["diagnostics"]["value"] for how in (of.INFERENCE, sites))
    assert once.iloc[-1] != pytest.approx(shared.iloc[-1], rel=1e-3)


def test_few_people_and_one_group_are_said_by_name(people: dict[str, pd.DataFrame]) -> None:
    rare = people["people"].assign(sex=np.where(np.arange(of.N) < 30, "other", people["people"]["sex"]))
    found = within({**people, "people": rare}, {"sex": SEX})
    own = found["estimates"].query("group == 'other'")
    assert set(own["status"]) == {"gated"}
    assert own["reason"].str.contains("the group has fewer than 20 people in the arm '").all()
    assert "other" not in set(found["counts"]["group"])  # nothing is counted of it
    alike = within({**people, "people": rare.assign(sex="male")}, {"sex": SEX})["estimates"]
    assert set(alike["status"]) == {"not_possible"}
    assert set(alike["reason"]) == {for_whom.ONE_GROUP}
    assert set(alike["group"]) == {"all"}


def test_who_has_no_value_on_record_is_in_no_group(people: dict[str, pd.DataFrame]) -> None:
    ids = people["scores"]["person_id"]
    unknown = people["people"].assign(sex=np.where(np.arange(of.N) < 100, "unknown", people["people"]["sex"]))
    assert sum(own.sum() for own in groups.of_people(SEX, ids, unknown, people["covariates"]).values()) == of.N - 100
    flagged = people["covariates"].assign(**{"age=missing": (np.arange(of.N) < 90).astype(float)})
    thirds = groups.of_people(THIRDS, ids, people["people"], flagged)
    assert list(thirds) == ["lowest third", "middle third", "highest third"]
    assert [int(own.sum()) for own in thirds.values()] == pytest.approx([(of.N - 90) / 3] * 3, abs=1)


def test_adolescents_are_a_group_of_their_own_where_a_study_asks() -> None:
    covariates = pd.DataFrame({"person_id": list("abcde"), "age": [15.0, 17.9, 18.0, 25.0, 60.0]})
    cuts = Modifier(column="age", title="Age", cuts=[18, 26])
    found = groups.of_people(cuts, covariates["person_id"], covariates, covariates)
    assert {name: own.tolist().count(True) for name, own in found.items()} == {
        "below 18": 2,
        "18 to below 26": 2,
        "26 and above": 1,
    }
