"""Do the readings of a missing answer recover the truth where they should, and are they seen not to where they do not?

What happens, in order: the truth, the shares of abstinent people among everyone of each arm, and the true deltas come
from large cohorts of their own; every replicate has a seed of its own, spawned from one SeedSequence, and draws a
cohort of each scenario, in which every rule of `missing_rules.RULES` answers. `make simulate` writes
`tests/truth/missing_recovery.csv`; `test_missing_recovery.py` holds it to the rules.

A quantity of a rule is accepted if, with R replicates, |bias| <= max(.005, 2 Monte Carlo errors of the bias, that of
the truth among them), and intervals of 95 % cover the truth within the exact binomial 99 % limits for R of them. A rule
that is right must be accepted for both arms and their difference; one that is not must be refused for one arm at least.
The rules stay as they are: a row that misses them is a finding.

    python tests/truth/missing_recovery.py --replicates 150 --processes 2
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from missing_rules import (
    AT_RANDOM,
    IMPUTATIONS,
    NOT_AT_RANDOM,
    PEOPLE,
    QUANTITIES,
    RULES,
    WEEK,
    abstinent,
    answers,
    draw,
    true_delta,
)
from recovery import asked, versions
from scipy import stats

from iop_outcomes.estimators.base.inference import interval
from iop_outcomes.estimators.base.pooling import Pooled
from iop_outcomes.simulate.cohort.model import simulate

OUT = Path(__file__).with_name("missing_recovery.csv")
SEED, REPLICATES, CHUNK, DIGITS = 20261130, 150, 5, 6
TRUTH_SEED, TRUTH_CHUNKS, TRUTH_PEOPLE = 20261202, 20, 50_000
LEVEL, LIMIT = 0.95, 0.005
SCENARIOS = (AT_RANDOM, NOT_AT_RANDOM)
Deltas = dict[str, tuple[float, float]]


def truth() -> tuple[np.ndarray, np.ndarray]:
    """Shares of abstinent people in IOP and residential care, and their difference; Monte Carlo errors of the three.

    Who is seen changes nothing of what people do, so that it is the same in both scenarios.
    """
    found = []
    for seed in np.random.SeedSequence(TRUTH_SEED).spawn(TRUTH_CHUNKS):
        course = simulate(TRUTH_PEOPLE, None, np.random.default_rng(seed))
        one, other = (abstinent(course, WEEK)[course.arm == arm].mean() for arm in (1, 0))
        found.append([one, other, one - other])
    each = np.array(found)
    return each.mean(axis=0), each.std(axis=0, ddof=1) / np.sqrt(TRUTH_CHUNKS)


def replicate(seed: np.random.SeedSequence, true: np.ndarray, deltas: Deltas) -> np.ndarray:
    """(scenarios, rules, quantities, 3) estimate, standard error, and whether the truth is in the interval."""
    found = []
    for scenario, own in zip(SCENARIOS, seed.spawn(len(SCENARIOS)), strict=True):
        one, other = own.spawn(2)
        cohort = draw(np.random.default_rng(one), scenario)
        told = answers(cohort, int(other.generate_state(1)[0]), deltas[scenario])
        found.append([_numbers(told[rule.name], true) for rule in RULES])
    return np.array(found)


def _numbers(answer: object, true: np.ndarray) -> np.ndarray:
    if isinstance(answer, Pooled):
        low, high = answer.interval(LEVEL).T
    else:
        within = interval(answer, LEVEL)
        low, high = within.low, within.high
    covered = (low <= true) & (true <= high)
    return np.column_stack([answer.value, answer.standard_error(), covered])


def _chunk(given: tuple[Sequence[np.random.SeedSequence], np.ndarray, Deltas]) -> np.ndarray:
    own, true, deltas = given
    return np.stack([replicate(seed, true, deltas) for seed in own])


def study(replicates: int, seed: int, true: np.ndarray, deltas: Deltas, processes: int = 1) -> np.ndarray:
    """(replicates, ...), each as `replicate` returns it."""
    seeds = np.random.SeedSequence(seed).spawn(replicates)
    chunks = [(seeds[at : at + CHUNK], true, deltas) for at in range(0, replicates, CHUNK)]
    if processes == 1:
        return np.concatenate([_chunk(one) for one in chunks])
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return np.concatenate(pool.map(_chunk, chunks, chunksize=1))


def coverage_limits(replicates: int) -> tuple[float, float]:
    """Exact binomial 99 % limits of the share of covering intervals."""
    low, high = stats.binom.ppf([0.005, 0.995], replicates, LEVEL)
    return float(low / replicates), float(high / replicates)


def table(found: np.ndarray, true: np.ndarray, error: np.ndarray, deltas: Deltas, seed: int) -> pd.DataFrame:
    """A line per scenario, rule and quantity, with whether it is accepted, and whether the rule should be right."""
    lines = []
    for (at, scenario), (by, rule), (of, quantity) in product(*map(enumerate, (SCENARIOS, RULES, QUANTITIES))):
        lines.append(
            {
                "scenario": scenario,
                "missing_rule": rule.name,
                "quantity": quantity,
                "people": PEOPLE,
                "imputations": IMPUTATIONS,
                "delta_iop": deltas[scenario][0] * (rule.moved or 0.0),
                "delta_residential": deltas[scenario][1] * (rule.moved or 0.0),
                "truth": true[of],
                "truth_monte_carlo_error": error[of],
                **_line(found[:, at, by, of], float(true[of]), float(error[of])),
                "right": "yes" if scenario in rule.right else "no",
                "seed": seed,
                "versions": versions(),
            }
        )
    return pd.DataFrame(lines).round(DIGITS)


def _line(own: np.ndarray, true: float, error: float) -> dict[str, object]:
    spread, bias = float(own[:, 0].std(ddof=1)), float(own[:, 0].mean()) - true
    bias_error = float(np.hypot(spread / np.sqrt(len(own)), error))
    limit, covered = max(LIMIT, 2 * bias_error), float(own[:, 2].mean())
    low, high = coverage_limits(len(own))
    return {
        "replicates": len(own),
        "mean": float(own[:, 0].mean()),
        "bias": bias,
        "bias_monte_carlo_error": bias_error,
        "bias_limit": limit,
        "empirical_sd": spread,
        "mean_se": float(own[:, 1].mean()),
        "coverage": covered,
        "coverage_low": low,
        "coverage_high": high,
        "accepted": "yes" if abs(bias) <= limit and low <= covered <= high else "no",
    }


def misjudged(result: pd.DataFrame) -> list[tuple[str, str]]:
    """Scenarios and rules that are not as they should be: right ones refused for anything, wrong ones for no arm."""
    found = []
    for (scenario, rule), own in result.groupby(["scenario", "missing_rule"], sort=False):
        accepted = own["accepted"] == "yes"
        right = bool((own["right"] == "yes").all())
        arms = own["quantity"].isin(QUANTITIES[:2])
        if right != accepted.all() if right else accepted[arms].all():
            found.append((str(scenario), str(rule)))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study and write its table."""
    told = asked("Recovery of known truth by every reading of a missing answer.", REPLICATES, SEED, OUT, arguments)
    deltas = {scenario: true_delta(scenario) for scenario in SCENARIOS}
    true, error = truth()
    found = study(told.replicates, told.seed, true, deltas, told.processes)
    result = table(found, true, error, deltas, told.seed)
    result.to_csv(told.out, index=False)
    wrong = misjudged(result)
    for scenario, rule in wrong:
        sys.stderr.write(f"Not as expected in the scenario {scenario}: {rule}\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
