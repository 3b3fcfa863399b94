"""A marginal structural model, or clone-censor-weight, ours: python histories_ours.py <work> <file.npz>.

The same work as in histories.R, which see; seconds are of the processor, and reading the file is not timed. The
estimation of the weights is counted, and the error with weights known told for the comparison.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from common import report

from iop_outcomes.estimators.causal.marginal_structural import (
    MarginalStructuralModel,
    chain,
    stabilised_weights,
    weeks_in_categories,
)
from iop_outcomes.estimators.causal.strategies import Strategy, Way, strategy_means

Pair = tuple[float, float]
d: dict[str, np.ndarray] = {}


def structural() -> Pair:
    """The mean had everyone had 9 to 20 hours a week in all weeks."""
    person = d["person"].astype(np.int64)
    people, weeks = person[-1] + 1, int(d["week"].max())
    stable = np.column_stack([d[k] for k in ("week", "last", "severity", "age", "site")])
    changing = np.column_stack([d["used"], d["craving"]])
    weights = stabilised_weights(chain(d["category"]), person, stable, changing, people)
    history = weeks_in_categories(d["category"].reshape(people, weeks), 6)
    baseline = np.column_stack([d[k][::weeks] for k in ("severity", "age", "site")])
    # of all weeks those in the lowest category are what is left
    model = MarginalStructuralModel("logistic", d["y"][::weeks], history, baseline)
    found = model.means({"nine": [0, 0, 0, weeks, 0]}, weights)
    found.estimate.standard_error()
    return float(found.estimate.value[0]), float(found.known.standard_error()[0])


def cloned() -> Pair:
    """The mean had everyone stayed 13 weeks or more; leaving in week 4 beside it."""
    weeks = int(d["week"].max())
    y, there = d["y"][::weeks], d["there"] == 1
    # weeks after leaving are no longer needed
    kept = {name: d.pop(name)[there] for name in list(d)}
    x = np.column_stack([kept[k] for k in ("week", "severity", "age", "site", "used", "craving", "last")])
    week, person = kept["week"], kept["person"]
    ways = [Way(kept["dropped"], x), Way(kept["done"], x, week >= 8)]
    asked = {"stay": Strategy.at_least(13), "four": Strategy.exactly(4)}
    found = strategy_means(y, person, week, ways, asked)
    found.estimate.standard_error()
    own, value = found.weight[:, 0], float(found.estimate.value[0])
    return value, float(np.sqrt(((own * (y - value)) ** 2).sum()) / own.sum())


if __name__ == "__main__":
    with np.load(sys.argv[2]) as table:
        d.update(table)
    report({"structural": structural, "cloned": cloned}[sys.argv[1]], time.process_time)
