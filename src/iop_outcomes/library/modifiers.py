"""For whom: the difference between two arms within groups of people, and whether the groups differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import Estimate, difference, log_ratio
from iop_outcomes.estimators.base.inference import adjusted
from iop_outcomes.estimators.causal.modifiers import differing, shrunken, together
from iop_outcomes.estimators.causal.weights import TILTS
from iop_outcomes.library import tidy
from iop_outcomes.library.adjusted import mean_of, scored
from iop_outcomes.library.frames import Frame
from iop_outcomes.vocabulary.methods import OVERLAP

if TYPE_CHECKING:
    import pandas as pd

# what is compared between groups: by how much, and how many times
SCALES = {"difference": difference, "ratio": log_ratio}


def by_group(
    data: pd.DataFrame,
    arm: str,
    first: Any,
    second: Any,
    covariates: Sequence[str],
    outcome: str,
    groups: Sequence[str],
    weights: str = OVERLAP,
    frequency: str | None = None,
    cluster: str | None = None,
    level: float = 0.95,
    prespecified: bool = True,
) -> pd.DataFrame:
    """The first arm against the second within the groups of each column, under weights of a score of their own.

    outcome: 0 and 1, or numbers; people for whom it is missing are left out of the means. groups: columns of labels,
    one family of modifiers; a column is left out of the covariates of its own groups. prespecified: p values of the
    family are adjusted for the family-wise error (Holm), else for the false discovery rate (Benjamini-Hochberg).

    Returns a row for each column, group, and `of`: difference, ratio. `n`: people of both arms. `shrunken`,
    `shrunken_low`, `shrunken_high`: the same drawn to the mean of the groups. `p_differ`: that the groups do not
    differ on this scale, `p_adjusted`: over the columns. A ratio is left out where an arm of a group has none with the
    outcome. Raises EstimationError, with the name of the group.
    """
    import pandas as pd

    if weights not in TILTS:
        raise EstimationError(f"`weights` is one of {', '.join(TILTS)}; it is {weights!r}.")
    if isinstance(groups, str) or not groups:
        raise EstimationError("`groups` is a list of columns whose groups are compared, such as ['severity'].")
    asked = {"arm": arm, "first": first, "second": second, "frequency": frequency, "outcome": outcome}
    tables = [
        _of_column(data, column, [c for c in covariates if c != column], asked, weights, cluster, level)
        for column in groups
    ]
    table = pd.concat(tables, ignore_index=True)
    method = "holm" if prespecified else "benjamini-hochberg"
    tests = table.drop_duplicates(["group_by", "of"])[["group_by", "of", "p_differ"]]
    tests = tests.assign(p_adjusted=tests.groupby("of")["p_differ"].transform(lambda p: adjusted(p, method)))
    return table.merge(tests.drop(columns="p_differ"), on=["group_by", "of"], how="left", validate="many_to_one")


def _of_column(
    data: pd.DataFrame,
    column: str,
    covariates: Sequence[str],
    asked: dict[str, Any],
    weights: str,
    cluster: str | None,
    level: float,
) -> pd.DataFrame:
    """Rows of the groups of one column, on both scales."""
    import pandas as pd

    frame = Frame(data)
    labels = frame.groups(column)
    if len(labels) < 2:
        raise EstimationError(f"`groups`: '{column}' has one group, so that nothing can differ between its groups.")
    people = Frame(data, frequency=asked["frequency"]).per_row().get("frequency")
    belongs = {label: (frame.column(column, "groups") == label).to_numpy(dtype=bool) for label in labels}
    means = {label: _means(data[own], label, column, covariates, asked, weights) for label, own in belongs.items()}
    made = []
    for name, scale in SCALES.items():
        if name == "ratio" and any((estimate.value <= 0).any() for estimate, _, _ in means.values()):
            continue
        effects = {}
        for label, (estimate, there, _) in means.items():
            own = belongs[label].copy()
            own[own] = there
            effects[str(label)] = (scale(estimate, *estimate.names), own)
        whole = together(effects, people)
        whole = whole if cluster is None else whole.clustered(Frame(data).labels(cluster, "cluster"))
        rows = _rows(whole, name, level).assign(group=labels, n=[people for _, _, people in means.values()])
        made.append(rows.assign(of=name, group_by=column))
    return tidy.ordered(pd.concat(made, ignore_index=True), ("group_by", "group", "of", "n", *tidy.NUMBERS))


def _means(
    own: pd.DataFrame, label: Any, column: str, covariates: Sequence[str], asked: dict[str, Any], weights: str
) -> tuple[Estimate, Any, float]:
    """Means of both arms of a group, who of its rows is in either, and how many people these are."""
    arm, first, second = asked["arm"], asked["first"], asked["second"]
    try:
        found = scored(own, arm, first, second, covariates, asked["frequency"], None, [asked["outcome"]])
        estimate = found.finished(mean_of(found, asked["outcome"], found.given(weights)), weights)
    except EstimationError as why:
        raise EstimationError(f"`groups`: among people whose '{column}' is '{label}': {why}") from None
    there = own[arm].isin([first, second]).to_numpy(dtype=bool)
    return estimate, there, float(there.sum() if found.people is None else found.people.sum())


def _rows(effects: Estimate, of: str, level: float) -> pd.DataFrame:
    """Estimates with limits, drawn together, and the test that the groups do not differ."""
    drawn, reach = shrunken(effects), effects.critical(tidy.checked(level))
    table = tidy.rows(effects, level).assign(
        shrunken=drawn.value,
        shrunken_low=drawn.value - reach * drawn.error,
        shrunken_high=drawn.value + reach * drawn.error,
    )
    if of == "ratio":
        back = ("estimate", "conf_low", "conf_high", "shrunken", "shrunken_low", "shrunken_high")
        table = table.assign(**{name: np.exp(table[name]) for name in back})
    return table.assign(p_differ=differing(effects).p_value)
