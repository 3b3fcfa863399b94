"""Do the estimators recover known truth, with standard errors that say how far off they are?

What happens, in order: every replicate has a seed of its own, spawned from one SeedSequence, so that results do not
depend on how replicates are shared out; it draws a cohort with new sites and applies every row of
`recovery_estimators.ESTIMATORS`; per row the estimates are held against the published superpopulation truth
(`data/reference/truth_published.csv`, of an independent implementation). A sample that an estimator refuses counts as
refused. `make simulate` writes `tests/truth/recovery.csv`; `test_recovery.py` holds it to the rules.

People of a site are a cluster, as in the reports: intervals are of t with sites less one degrees of freedom. Sites are
drawn anew in every replicate and the truth is that of all sites, so errors that take people as independent miss that
effects differ between sites, and are up to a tenth too small for time in care. The table shows both: `accepted` judges
the errors by site, `accepted_people` the others.

A row is accepted if all of these hold, with R replicates:

- |bias| <= max(limit, 2 Monte Carlo errors of the bias); the limit is .005 for risks and .005 of the horizon for weeks
  (.13 of 26 weeks). The Monte Carlo error holds that of R replicates and that of the truth;
- intervals of 95 % by site cover the truth in 92-97 %; by people, within the exact binomial 99 % limits for R of them;
- mean standard error over empirical standard deviation is within .9-1.1;
- at most one sample in a hundred was refused (a small site with everybody in one arm, or with one outcome).

    python tests/truth/recovery.py --replicates 1000 --processes 2
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
from recovery_estimators import ESTIMATORS, HORIZON, PEOPLE, SITES, WEEKS_IN_CARE, Row, Sample, draw
from scipy import stats

from iop_outcomes import __version__
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.inference import interval

PROJECT = Path(__file__).resolve().parents[2]
OUT = Path(__file__).with_name("recovery.csv")
SEED, REPLICATES, CHUNK = 20261124, 1_000, 10
LEVEL = 0.95
RISK_LIMIT = 0.005
CLUSTERED_COVERAGE = (0.92, 0.97)
SE_RATIO = (0.9, 1.1)
REFUSED_SHARE = 0.01
DIGITS = 6
ESTIMATE = 0  # in a replicate's row, followed by standard error and coverage by site, and by people
BY = {"site": (1, 2), "people": (3, 4)}


def seeds(seed: int, replicates: int) -> list[np.random.SeedSequence]:
    """One per replicate; the first k are the same whatever the number."""
    return np.random.SeedSequence(seed).spawn(replicates)


def truths() -> pd.DataFrame:
    """Value and monte_carlo_error by quantity, in the base scenario."""
    published = pd.read_csv(PROJECT / "data/reference/truth_published.csv")
    base = published[published["scenario"] == "base"].set_index("quantity")[["value", "monte_carlo_error"]]
    return base.loc[[row.truth_key for row in ESTIMATORS]]


def replicate(seed: np.random.SeedSequence, truth: np.ndarray) -> np.ndarray:
    """(rows, 5) estimate, then standard error and whether the truth (rows,) is in the interval, by site and by people.

    NaN where refused.
    """
    sample = draw(np.random.default_rng(seed))
    return np.array([_answer(row, sample, value) for row, value in zip(ESTIMATORS, truth, strict=True)])


def _answer(row: Row, sample: Sample, truth: float) -> list[float]:
    try:
        people = row.function(sample)
    except EstimationError:
        return [np.nan] * 5
    found = [float(people.value[0])]
    for estimate in (people.clustered(sample.site), people):
        within = interval(estimate, LEVEL)
        found += [float(estimate.standard_error()[0]), float(within.low[0] <= truth <= within.high[0])]
    return found


def _chunk(given: tuple[Sequence[np.random.SeedSequence], np.ndarray]) -> np.ndarray:
    own, truth = given
    return np.stack([replicate(seed, truth) for seed in own])


def study(replicates: int, seed: int, processes: int = 1) -> np.ndarray:
    """(replicates, rows, 5), each as `replicate` returns it."""
    all_seeds, truth = seeds(seed, replicates), truths()["value"].to_numpy()
    chunks = [(all_seeds[at : at + CHUNK], truth) for at in range(0, replicates, CHUNK)]
    if processes == 1:
        return np.concatenate([_chunk(one) for one in chunks])
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return np.concatenate(pool.map(_chunk, chunks, chunksize=1))


def coverage_limits(by: str, replicates: int) -> tuple[float, float]:
    """Shares of covering intervals that are in keeping with the level."""
    if by == "site":
        return CLUSTERED_COVERAGE
    low, high = stats.binom.ppf([0.005, 0.995], replicates, LEVEL)
    return float(low / replicates), float(high / replicates)


def bias_limit(row: Row) -> float:
    """A bias that does not matter, whatever the number of replicates."""
    return RISK_LIMIT * (HORIZON if row.quantity == WEEKS_IN_CARE else 1)


def table(found: np.ndarray, seed: int) -> pd.DataFrame:
    """The result of a study: a line per estimator, whether it is accepted and whether it should be."""
    known, about = truths(), versions()
    lines = []
    for at, row in enumerate(ESTIMATORS):
        truth, truth_error = known.iloc[at]
        lines.append({**_line(row, found[:, at], float(truth), float(truth_error)), "seed": seed, "versions": about})
    return pd.DataFrame(lines).round(DIGITS)


def _line(row: Row, found: np.ndarray, truth: float, truth_error: float) -> dict[str, object]:
    answered = found[~np.isnan(found[:, ESTIMATE])]
    estimate, count = answered[:, ESTIMATE], len(answered)
    spread, bias = float(estimate.std(ddof=1)), float(estimate.mean()) - truth
    bias_error = float(np.hypot(spread / np.sqrt(count), truth_error))
    limit = max(bias_limit(row), 2 * bias_error)
    sound = abs(bias) <= limit and len(found) - count <= REFUSED_SHARE * len(found)
    return {
        "estimator": row.name,
        "quantity": row.quantity,
        "estimand": row.estimand,
        "people": PEOPLE,
        "sites": SITES,
        "truth": truth,
        "truth_monte_carlo_error": truth_error,
        "replicates": count,
        "refused": len(found) - count,
        "mean": float(estimate.mean()),
        "bias": bias,
        "bias_monte_carlo_error": bias_error,
        "bias_limit": limit,
        "empirical_sd": spread,
        **_inference(answered, "site", spread, sound, ""),
        "expected": "no" if row.negative else "yes",
        **_inference(answered, "people", spread, sound, "_people"),
        "first_estimate": float(found[0, ESTIMATE]),
        "first_se": float(found[0, BY["site"][0]]),
    }


def _inference(answered: np.ndarray, by: str, spread: float, sound: bool, suffix: str) -> dict[str, object]:
    """What standard errors and intervals by site or by people are worth. sound: not too biased, nor refused often."""
    error, covered = (float(answered[:, at].mean()) for at in BY[by])
    low, high = coverage_limits(by, len(answered))
    accepted = sound and low <= covered <= high and SE_RATIO[0] <= error / spread <= SE_RATIO[1]
    shown = {
        "mean_se": error,
        "se_ratio": error / spread,
        "coverage": covered,
        "coverage_low": low,
        "coverage_high": high,
        "accepted": "yes" if accepted else "no",
    }
    return {name + suffix: value for name, value in shown.items()}


def versions() -> str:
    """What computed the table."""
    return (
        f"iop-outcomes {__version__}, Python {platform.python_version()}, numpy {np.__version__}, "
        f"scipy {scipy.__version__}"
    )


def asked(
    about: str, replicates: int, seed: int, out: Path, arguments: Sequence[str] | None = None
) -> argparse.Namespace:
    """What the command line asks for: replicates, seed, processes, out."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--replicates", type=int, default=replicates)
    parser.add_argument("--seed", type=int, default=seed)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, default=out)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study and write its table."""
    told = asked("Recovery of known truth by every estimator.", REPLICATES, SEED, OUT, arguments)
    result = table(study(told.replicates, told.seed, told.processes), told.seed)
    result.to_csv(told.out, index=False)
    wrong = result.loc[result["accepted"] != result["expected"], "estimator"]
    for name in wrong:
        sys.stderr.write(f"Not as expected: {name}\n")
    sys.exit(1 if len(wrong) else 0)


if __name__ == "__main__":
    main()
