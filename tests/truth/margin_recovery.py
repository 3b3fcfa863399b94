"""Is 'no worse' said too often where the truth lies at the margin, and as often as planned where nothing differs?

What happens, in order: every replicate has a seed of its own, spawned from one SeedSequence; it draws a cohort with new
sites in each of two scenarios of the synthetic cohort, the effect of the setting on abstinence in the four weeks before
week 26 being the margin itself (`at_the_margin`) or nothing (`no_difference`); each row of ROWS makes an estimate, and
the rule of verdicts (`estimators.base.margins`) says what it says. `make simulate` writes
`tests/truth/margin_recovery.csv`; `test_margin_recovery.py` holds it to the rules.

With R replicates, a right row is accepted if at the margin it says 'no worse' in at most .025 + 2 sqrt(.025 .975 / R)
of them, and where there is no difference in a share within 3 Monte Carlo errors of what its own standard errors plan
for: the mean of Phi(margin / error - t). Wrong rows must say it more often at the margin: the unadjusted comparison,
errors as if ten times as many people had been there, and the rule that takes an interval which holds no difference for
evidence that there is none.

    python tests/truth/margin_recovery.py --replicates 1000 --processes 2
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from recovery import asked, seeds, versions
from recovery_estimators import Sample, aipw_abstinence, draw, naive, weighted_means
from scipy import stats

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base import margins
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.base.margins import Scale
from iop_outcomes.vocabulary.directions import MORE
from iop_outcomes.vocabulary.verdicts import EQUIVALENT, LESS_THAN_MARGIN, NON_INFERIOR, SUPERIOR

OUT = Path(__file__).with_name("margin_recovery.csv")
SEED, REPLICATES, CHUNK, DIGITS = 20261202, 1_000, 10, 6
PEOPLE, SITES = 1_500, 30
MARGIN, SCALE = -0.10, Scale(ratio=False, better=MORE)
AT_THE_MARGIN, NO_DIFFERENCE = "at_the_margin", "no_difference"
SCENARIOS = (AT_THE_MARGIN, NO_DIFFERENCE)
LEVEL = 0.025
NO_WORSE = (SUPERIOR, EQUIVALENT, NON_INFERIOR, LESS_THAN_MARGIN)
# of a replicate: estimate, standard error, whether it is called no worse, the planned chance of that
FIELDS = 4


@dataclass(frozen=True)
class Row:
    """estimate: of a sample, difference of abstinence. by_site: errors by site. error_by: the error is taken to be that
    much smaller. open_is_none: an interval that holds no difference is called no worse.
    """

    name: str
    estimate: Callable[[Sample], Estimate]
    by_site: bool = True
    error_by: float = 1.0
    open_is_none: bool = False
    right: bool = True

    def answer(self, people: Estimate | None, site: np.ndarray) -> list[float]:
        """FIELDS of what it made of one sample, whose people are of a site (n,); NaN where it was refused."""
        if people is None:
            return [np.nan] * FIELDS
        found = people.clustered(site) if self.by_site else people
        value, error = float(found.value[0]), float(found.standard_error()[0]) / self.error_by
        limits = margins.limits(value, error, found.degrees, SCALE)
        said = margins.verdict(limits, SCALE.margin(MARGIN)) in NO_WORSE
        if self.open_is_none:
            said = limits.low <= 0 <= limits.high
        critical = float(stats.t.ppf(1 - LEVEL, found.degrees))
        return [value, error, float(said), float(stats.norm.cdf(-MARGIN / error - critical))]


ROWS = (
    Row("aipw, by site", aipw_abstinence),
    Row("aipw, by people", aipw_abstinence, by_site=False),
    Row("iptw, by site", weighted_means("abstinent", "iptw")),
    Row("unadjusted", naive, right=False),
    Row("errors of ten times as many people", aipw_abstinence, error_by=10**0.5, right=False),
    Row("no significant difference taken for none", aipw_abstinence, open_is_none=True, right=False),
)


def replicate(seed: np.random.SeedSequence) -> np.ndarray:
    """(scenarios, rows, FIELDS) of one draw in each scenario."""
    drawn = (draw(np.random.default_rng(seed), PEOPLE, SITES, scenario) for scenario in SCENARIOS)
    return np.array([_answers(sample) for sample in drawn])


def _answers(sample: Sample) -> list[list[float]]:
    """Each estimate is made once, whatever the rows that it stands in."""
    made: dict[Callable[[Sample], Estimate], Estimate | None] = {}
    for row in ROWS:
        if row.estimate not in made:
            try:
                made[row.estimate] = row.estimate(sample)
            except EstimationError:
                made[row.estimate] = None
    return [row.answer(made[row.estimate], sample.site) for row in ROWS]


def _chunk(own: Sequence[np.random.SeedSequence]) -> np.ndarray:
    return np.stack([replicate(seed) for seed in own])


def study(replicates: int, seed: int, processes: int = 1) -> np.ndarray:
    """(replicates, scenarios, rows, FIELDS), as `replicate` returns them."""
    every = seeds(seed, replicates)
    chunks = [every[at : at + CHUNK] for at in range(0, replicates, CHUNK)]
    if processes == 1:
        return np.concatenate([_chunk(one) for one in chunks])
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return np.concatenate(pool.map(_chunk, chunks, chunksize=1))


def table(found: np.ndarray, seed: int) -> pd.DataFrame:
    """A line for each scenario and row, whether it is accepted and whether it should be."""
    lines = []
    for at, scenario in enumerate(SCENARIOS):
        for of, row in enumerate(ROWS):
            own = found[:, at, of]
            lines.append({**_line(scenario, row, own[~np.isnan(own[:, 0])]), "seed": seed, "versions": versions()})
    return pd.DataFrame(lines).round(DIGITS)


def _line(scenario: str, row: Row, own: np.ndarray) -> dict[str, object]:
    count = len(own)
    value, error, said, planned = own.mean(axis=0)
    return {
        "scenario": scenario,
        "row": row.name,
        "people": PEOPLE,
        "sites": SITES,
        "margin": MARGIN,
        "replicates": count,
        "mean": value,
        "empirical_sd": own[:, 0].std(ddof=1),
        "mean_se": error,
        "said_no_worse": said,
        "planned": LEVEL if scenario == AT_THE_MARGIN else planned,
        "highest": highest(count) if scenario == AT_THE_MARGIN else planned + 3 * chance(planned, count),
        "accepted": "yes" if accepted(scenario, float(said), float(planned), count) else "no",
        "right": "yes" if row.right else "no",
    }


def chance(share: float, count: int) -> float:
    """Monte Carlo error of a share."""
    return float(np.sqrt(share * (1 - share) / count))


def highest(count: int) -> float:
    """How often 'no worse' may be said at the margin."""
    return LEVEL + 2 * chance(LEVEL, count)


def accepted(scenario: str, said: float, planned: float, count: int) -> bool:
    """What is said is in keeping with the level, or with the power that was planned."""
    if scenario == AT_THE_MARGIN:
        return said <= highest(count)
    return abs(said - planned) <= 3 * chance(planned, count)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study and write its table."""
    told = asked("How often 'no worse' is said at the margin, and where it is so.", REPLICATES, SEED, OUT, arguments)
    result = table(study(told.replicates, told.seed, told.processes), told.seed)
    result.to_csv(told.out, index=False)
    at_the_margin = result[result["scenario"] == AT_THE_MARGIN]
    wrong = at_the_margin.loc[at_the_margin["accepted"] != at_the_margin["right"], "row"]
    wrong = [*wrong, *result.loc[(result["accepted"] == "no") & (result["right"] == "yes"), "row"]]
    for name in dict.fromkeys(wrong):
        sys.stderr.write(f"Not as expected: {name}\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
