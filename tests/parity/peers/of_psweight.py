"""PSweight: overlap weights of three arms, with the estimation of the scores counted."""

from __future__ import annotations

from typing import Any

from adapter import Files, with_limits
from ledger import Suite
from ours import difference, fit_multinomial, group_means, stack, weight_slope, weights

suite = Suite("PSweight")


@suite.of("psdata", "README.md example(PSweight)")
def three_arms(files: Files) -> dict[str, Any]:
    people = files.csv("psdata")
    arm, names = people.trt - 1, [f"cov{k}" for k in range(1, 7)]
    scores = fit_multinomial(people[names].astype(float), arm, names)
    weight = weights("overlap", arm, scores.score)
    means = group_means(people.Y, arm, ["1", "2", "3"], weight)
    means = stack(means, weight_slope("overlap", arm, scores.score), scores.nuisance)
    pairs = [("2", "1"), ("3", "1"), ("3", "2")]
    return {
        f"overlap contrast {at}: est, se, limits": with_limits(difference(means, *pair))
        for at, pair in enumerate(pairs, 1)
    }
