"""Means of an outcome had everyone stayed so long, or left by then, from a frame of person-weeks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal.shapes import shapes
from iop_outcomes.estimators.causal.strategies import Followed, Strategy, Way, strategy_means
from iop_outcomes.library import tidy
from iop_outcomes.library.frames import Frame

if TYPE_CHECKING:
    import pandas as pd

# what a strategy can say, before a number of weeks
SAID = {"at least": Strategy.at_least, "exactly": Strategy.exactly, "at most": Strategy.at_most}


def staying(
    weeks: pd.DataFrame,
    person: str,
    week: str,
    left: str,
    outcome: str,
    covariates: Sequence[str],
    strategies: Mapping[str, str],
    possible: Mapping[str, str] | None = None,
    lost: Sequence[str] = (),
    difference: tuple[str, str] | None = None,
    most: float | None = None,
    cluster: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Means of an outcome had everyone followed a strategy of how long to stay, by clone, censor and weight.

    weeks: a row for each week, counted from 1, in which a person was in care and might have left; covariates are those
    known before leaving was possible. left: how the week ended, a label such as 'dropped out' or 'completed', missing
    where the person stayed; each label has a model of its own. outcome: 0 and 1, or numbers, the same in all rows of a
    person. strategies: by name, 'at least 13', 'at most 4' or 'exactly 8' weeks. possible: by label of `left`, a column
    that says in which weeks it could happen (completing, from the planned end on). lost: labels that are no leaving,
    such as 'died' and 'moved away': nothing is known of people afterwards, and others stand for them. difference: two
    strategies. most: quantile beyond which weights are cut off. cluster: a column of sites. Returns a row for each
    strategy, then the difference and the ratio: `of`, `estimate`, `std_error`, `conf_low`, `conf_high`, `people` (who
    did what it asks), `effective` (effective number of them), `largest` (largest share of the weights), `truncated`.
    Raises EstimationError.
    """
    import pandas as pd

    asked = {name: _strategy(name, said) for name, said in strategies.items()}
    columns = _Columns(person, week, left, outcome, covariates, cluster)
    found, estimate = _followed(weeks, columns, asked, possible or {}, lost, most)
    told = {
        "people": found.people,
        "effective": found.effective,
        "largest": found.largest,
        "truncated": found.truncated,
    }
    table = tidy.rows(estimate, level).assign(of=list(strategies), **told)
    if difference is not None:
        table = pd.concat([table, tidy.compared(estimate, difference, level, "strategy")], ignore_index=True)
    return tidy.ordered(table, ("of", *tidy.NUMBERS))


def staying_curve(
    weeks: pd.DataFrame,
    person: str,
    week: str,
    left: str,
    outcome: str,
    covariates: Sequence[str],
    leave_in: Sequence[int],
    threshold: float,
    possible: Mapping[str, str] | None = None,
    lost: Sequence[str] = (),
    most: float | None = None,
    cluster: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Means of an outcome had everyone left in one week, for several, and whether their curve bends at a threshold.

    leave_in: weeks, rising. threshold: in weeks; two of them at least lie on either side. All else is as in `staying`.
    Returns a row for each week (`of` 'leave_in', `week`); slopes per week of a line (`slope`) and of one that bends at
    the threshold (`slope_before`, `slope_after`, `change_of_slope`), with p values; and how far a `line`, a `broken`
    line and a `smooth` curve miss the means (`of` 'misfit_line', ...): a chi-squared statistic as `estimate`, and its
    p value. Means are fitted together, by how well they are known. Raises EstimationError.
    """
    import pandas as pd

    asked = {f"leave in week {week}": Strategy.exactly(int(week)) for week in leave_in}
    columns = _Columns(person, week, left, outcome, covariates, cluster)
    found, curve = _followed(weeks, columns, asked, possible or {}, lost, most)
    made = shapes(curve, np.asarray(leave_in, dtype=float), threshold)
    told = {"people": found.people, "effective": found.effective, "largest": found.largest}
    means = tidy.rows(curve, level).assign(of="leave_in", week=list(leave_in), **told)
    slopes = tidy.rows(made.slopes, level).assign(of=list(made.slopes.names), p_value=made.slopes.p_value())
    misfits = pd.DataFrame(
        [{"of": f"misfit_{name}", "estimate": m.statistic, "p_value": m.p_value} for name, m in made.misfit.items()]
    )
    return tidy.ordered(pd.concat([means, slopes, misfits], ignore_index=True), ("of", "week", *tidy.NUMBERS))


@dataclass(frozen=True)
class _Columns:
    """Names of the columns of a frame of person-weeks."""

    person: str
    week: str
    left: str
    outcome: str
    covariates: Sequence[str]
    cluster: str | None


def _followed(
    weeks: pd.DataFrame,
    named: _Columns,
    strategies: Mapping[str, Strategy],
    possible: Mapping[str, str],
    lost: Sequence[str],
    most: float | None,
) -> tuple[Followed, Estimate]:
    """What comes of strategies, and their means with people of a cluster taken together."""
    frame = Frame(weeks)
    ids = frame.labels(named.person, "person").astype(str)
    _, first, at = np.unique(ids, return_index=True, return_inverse=True)
    taken = [named.person, named.week, named.left, named.outcome, *([named.cluster] if named.cluster else [])]
    x = frame.covariates(named.covariates, without=taken).dense()
    found = strategy_means(
        _constant(frame.numbers(named.outcome, "outcome"), first, at, named.outcome),
        at, frame.numbers(named.week, "week"), _ways(frame, named.left, x, possible, lost), strategies, most=most,
    )  # fmt: skip
    if named.cluster is None:
        return found, found.estimate
    return found, found.estimate.clustered(frame.labels(named.cluster, "cluster")[first])


def _constant(values: Array, first: Any, at: Any, name: str) -> Array:
    own = values[first]
    if (own[at] != values).any():
        raise EstimationError(
            f"`outcome`: '{name}' is not the same in all weeks of a person. It is one value a person."
        )
    return own


def _ways(frame: Frame, left: str, x: Array, possible: Mapping[str, str], lost: Sequence[str]) -> list[Way]:
    """A way of leaving for each label, those that are no leaving first, and those possible in some weeks only last."""
    if left not in frame.data:
        frame.column(left, "left")
    labels = frame.data[left]
    counts = labels.value_counts()
    if counts.empty:
        raise EstimationError(
            f"`left`: '{left}' is missing in all rows, so nobody left and there is nothing to weight."
        )
    for argument, named in (("possible", possible), ("lost", lost)):
        unknown = [label for label in named if label not in counts.index]
        if unknown:
            raise EstimationError(
                f"`{argument}`: nobody left by '{unknown[0]}'. Labels are {', '.join(map(str, counts.index))}."
            )
    order = sorted(counts.index, key=lambda label: (label not in lost, label in possible, str(label)))
    may = {label: frame.happened(column, "possible") for label, column in possible.items()}
    return [Way((labels == label).to_numpy(), x, may.get(label), label in lost) for label in order]


def _strategy(name: str, said: str) -> Strategy:
    found = re.fullmatch(rf"({'|'.join(SAID)}) (\d+)", said.strip()) if isinstance(said, str) else None
    if found is None or int(found[2]) < 1:
        raise EstimationError(
            f"`strategies`: '{name}' is {said!r}, where 'at least 13', 'at most 4' or 'exactly 8' weeks are known."
        )
    return SAID[found[1]](int(found[2]))
