"""Groups of people in a release: what of their cells is told, how finely, and when their tests are."""

from __future__ import annotations

from typing import Any

import contrast_people as of
import pandas as pd
import pytest

from iop_outcomes.analyses import abstinence, for_whom
from iop_outcomes.protocol import Companions, Disclosure, Modifier
from iop_outcomes.release import run
from iop_outcomes.release.diagnostics import score_patterns, score_patterns_of_groups
from iop_outcomes.release.modifiers import kept_back
from iop_outcomes.release.policy import choose
from iop_outcomes.tables import TABLES

MODIFIERS = {"by_sex": Modifier(column="sex", title="")}
ASKED = of.ask(step="abstinence", outcome="abstinent", horizon_days=180, missing_rule="observed_only")


def steps(few: int = 0) -> dict[str, pd.DataFrame]:
    """Private tables of everyone and of both sexes. few: so many women of the first arm are abstinent, if not 0."""
    people = of.people_of_a_contrast()
    if few:
        women = people["people"]["sex"].eq("female").to_numpy() & people["scores"]["arm"].eq(1).to_numpy()
        own = people["abstinence"]
        yes = own["abstinent"].fillna(False).to_numpy(bool) & women
        own.loc[yes & (yes.cumsum() > few), "abstinent"] = False
    rows = [ASKED, ASKED.model_copy(update={"method": "crude", "estimand": "as_observed"})]
    gate = of.with_limits(min_events=11)
    whole = abstinence.run(
        people["abstinence"], people["first_use"], people["scores"], people["gates"], rows, of.CONTRAST, of.ENDPOINTS,
        gate, of.INFERENCE,
    )  # fmt: skip
    within = [row.model_copy(update={"group_by": tuple(MODIFIERS)}) for row in rows]
    tables = (people[n] for n in ("people", "covariates", "arms", "scores", "abstinence"))
    groups = for_whom.run(*tables, "c", within, of.CONTRAST, MODIFIERS, of.ADJUSTMENT, of.ENDPOINTS, gate, of.INFERENCE)
    return {n: pd.concat([whole[n], groups[n]], ignore_index=True) for n in ("counts", "estimates", "diagnostics")}


def released(tables: dict[str, pd.DataFrame], policy: str = "cms") -> dict[str, Any]:
    return run(
        **tables, life_tables=TABLES["life_tables"].empty(), curves=TABLES["curves"].empty(),
        disclosure=Disclosure(policy=policy), inference=of.INFERENCE, arms={"c": ["iop", "residential"]},
        endpoints=of.ENDPOINTS, companions=Companions(), groups={}, in_care={}, fewest_events=11,
        modifiers=list(MODIFIERS),
    )  # fmt: skip


def test_cells_and_sizes_of_groups_are_rounded_and_those_of_everyone_are_not() -> None:
    private = steps()
    found = released(private)
    counts, rows = found["counts"], found["estimates"]
    own = counts[(counts["group_by"] == "by_sex") & counts["level"].isin(["abstinent", "using", "missing"])]
    assert set(own["status"]) == {"rounded"}
    assert (own["count"] % 5 == 0).all()
    assert "ok" in set(counts.loc[counts["group_by"] == "all", "status"])
    people = rows.loc[(rows["group_by"] == "by_sex") & (rows["of"] == "iop"), "n"]
    assert (people % 5 == 0).all()
    adjusted = rows[(rows["group_by"] == "by_sex") & (rows["method"] == "overlap")]
    assert set(adjusted["status"]) == {"ok"}
    assert (adjusted["rounding_error"] > 0).all()
    # as they are where everything is told
    exact = released(private, "none")["counts"]
    assert set(exact["status"]) == {"ok"}


def test_where_one_group_has_few_of_a_level_no_group_tells_it_and_everyone_is_told() -> None:
    found = released(steps(few=6))
    counts, rows = found["counts"], found["estimates"]
    level = counts[(counts["level"] == "abstinent") & (counts["arm"] == "iop")]
    assert set(level.loc[level["group_by"] == "by_sex", "status"]) == {"suppressed"}
    assert set(level.loc[level["group_by"] == "all", "status"]) <= {"ok", "rounded"}
    women = rows[(rows["group"] == "female") & (rows["method"] == "overlap")]
    assert not women["estimate"].notna().any()
    tests = found["diagnostics"].query("quantity.str.startswith('groups_differ')")
    assert tests["value"].isna().all()  # nothing is told of a test of numbers of which one is withheld


def test_tests_of_groups_are_told_beside_their_numbers() -> None:
    tests = released(steps())["diagnostics"].query("quantity.str.startswith('groups_differ')")
    assert set(tests["quantity"]) == {"groups_differ_p_value", "groups_differ_by_ratio_p_value"}
    assert tests["value"].between(0, 1).all()
    assert (tests["value"].round(2) == tests["value"]).all()


def test_scores_of_groups_are_no_scores_of_the_contrast() -> None:
    diagnostics = steps()["diagnostics"]
    assert score_patterns(diagnostics) == {}
    assert set(score_patterns_of_groups(diagnostics)) == {("c", "by_sex", "female"), ("c", "by_sex", "male")}
    few = diagnostics.assign(value=diagnostics["value"].mask(diagnostics["quantity"] == "score_patterns", 12.0))
    found = released({**steps(), "diagnostics": few})["estimates"]
    own = found[(found["group_by"] == "by_sex") & (found["method"] == "overlap")]
    assert set(own["status"]) == {"suppressed"}


@pytest.mark.parametrize(("policy", "told"), [("cms", {2, 3}), ("none", set())])
def test_levels_are_kept_back_by_arm_and_modifier(policy: str, told: set[int]) -> None:
    """By hand: of two modifiers with two groups each, one cell is small."""
    cells = [("a", "x", 30), ("a", "y", 40), ("b", "x", 4), ("b", "y", 66), ("all", "all", 70)]
    frame = TABLES["counts"].empty().reindex(range(len(cells)))
    by, group, count = zip(*cells, strict=True)
    frame = frame.assign(arm="iop", level="using", group_by=by, group=group, count=count)
    assert kept_back(frame, ["a", "b"], choose(policy)) == told
