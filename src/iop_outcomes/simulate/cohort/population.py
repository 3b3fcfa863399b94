"""The people of the synthetic cohort at day 0, and the scenarios that they may live in.

What happens: sites and their effects, covariates, the plan that each person would get in either arm, and
the true probability of placement in the intensive outpatient program. Refuses unknown scenarios, fewer than
two people and fewer than two sites.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from iop_outcomes.errors import StudyError

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]
Flags = NDArray[np.bool_]

DRUGS = ("alcohol", "opioid", "stimulant", "cannabis")
DRUG_SHARES = (0.38, 0.30, 0.20, 0.12)
IOP_WEEKS, IOP_WEEK_SHARES = (8, 12, 13, 16), (0.20, 0.35, 0.25, 0.20)
WIDE_HOURS = (9.0, 30.0)
RESIDENCE_WEEKS, RESIDENCE_WEEK_SHARES = (4, 6, 8, 13), (0.45, 0.20, 0.20, 0.15)


@dataclass(frozen=True)
class Scenario:
    """What differs from the base, on the log odds scale. `harm`: effect of the outpatient setting on use.
    `seen_at_random`: who is screened and interviewed depends on what was recorded before, not on use itself.
    `alike_in_hours`: plans of both arms have 9 to 30 hours a week.
    """

    meaning: str
    harm: float = 0.0
    harm_by_severity: float = 0.0
    unmeasured_on_placement: float = 0.0
    unmeasured_on_use: float = 0.0
    unmeasured_on_exit: float = 0.0
    seen_at_random: bool = False
    alike_in_hours: bool = False


SCENARIOS = {
    "base": Scenario("the setting acts through hours and retention; placement follows measured traits and site"),
    "setting_direct_harm": Scenario("the outpatient setting raises use at equal dose", harm=0.35),
    "hetero_severity": Scenario("it raises the use of the severe and lowers that of the mild", harm_by_severity=0.3),
    "unmeasured_U": Scenario(
        "an unmeasured trait acts on placement, use and exit",
        unmeasured_on_placement=-0.6,
        unmeasured_on_use=0.5,
        unmeasured_on_exit=0.3,
    ),
    "missing_at_random": Scenario(
        "screens and interviews are missed given the last screen, care and severity, and not given use",
        seen_at_random=True,
    ),
    "at_the_margin": Scenario(
        "the outpatient setting raises use at equal dose, so that ten of 100 fewer are abstinent in the four weeks "
        "before week 26, which is a margin",
        harm=0.197,
    ),
    "no_difference": Scenario(
        "the outpatient setting lowers use at equal dose, so that as many are abstinent in the four weeks before "
        "week 26 after either setting",
        harm=-0.1855,
    ),
    "wide_overlap": Scenario(
        "plans of both settings reach from 9 to 30 hours a week, as those of day care do", alike_in_hours=True
    ),
}


def scenario_named(name: str) -> Scenario:
    """The scenario of that name; StudyError when there is none."""
    if name not in SCENARIOS:
        raise StudyError(
            f"The synthetic cohort has no scenario '{name}'. Set `scenario` to one of {', '.join(SCENARIOS)}."
        )
    return SCENARIOS[name]


@dataclass(frozen=True)
class Baseline:
    """People at day 0; every array is (n,).

    site: from 0; in a superpopulation each person is an own site.
    placement: true probability of the intensive outpatient program given everything, the site included.
    """

    site: Wholes
    site_effect: Floats
    age: Wholes
    male: Flags
    severity: Floats
    unmeasured: Floats
    drug: Wholes
    cooccurring: Flags
    unstable_housing: Flags
    mandated: Flags
    placement: Floats
    iop_hours: Floats
    iop_weeks: Wholes
    residence_hours: Floats
    residence_weeks: Wholes

    @property
    def opioid(self) -> Flags:
        """Opioids are the primary drug."""
        return np.asarray(self.drug == DRUGS.index("opioid"))

    def __len__(self) -> int:
        return len(self.severity)


def draw_baseline(n: int, sites: int | None, rng: np.random.Generator, scenario: str = "base") -> Baseline:
    """n people in `sites` sites with shares from Dirichlet(6, ..., 6); None: each person has an own site.

    Age is rounded before it enters placement, so that the recorded age is the one that was used.
    """
    if n < 2 or (sites is not None and sites < 2):
        raise StudyError("A synthetic cohort needs at least two people and two sites: raise `people` or `sites`.")
    effect = scenario_named(scenario)
    many = n if sites is None else sites
    z1, z2 = rng.standard_normal((2, many))
    site = np.arange(n) if sites is None else rng.choice(many, n, p=rng.dirichlet(np.full(many, 6.0)))
    age = np.rint(np.clip(rng.normal(36.0, 11.0, n), 18, 75)).astype(np.int64)
    severity, unmeasured = rng.standard_normal((2, n))
    drug = rng.choice(len(DRUGS), n, p=DRUG_SHARES)
    cooccurring = rng.random(n) < expit(-0.5 + 0.5 * severity)
    unstable_housing = rng.random(n) < expit(-1.6 + 0.6 * severity)
    mandated = rng.random(n) < 0.3
    placement = expit(
        0.35 - 0.8 * severity - 0.5 * cooccurring - 0.9 * unstable_housing + 0.35 * mandated
        + 0.012 * (age - 36) - 0.2 * (drug == DRUGS.index("opioid"))
        + effect.unmeasured_on_placement * unmeasured + 0.6 * z1[site]
    )  # fmt: skip
    hours = rng.uniform(*WIDE_HOURS, (2, n)) if effect.alike_in_hours else None
    return Baseline(
        site=site,
        site_effect=(0.35 * (0.3 * z1 + 0.954 * z2))[site],
        age=age,
        male=rng.random(n) < 0.62,
        severity=severity,
        unmeasured=unmeasured,
        drug=drug,
        cooccurring=cooccurring,
        unstable_housing=unstable_housing,
        mandated=mandated,
        placement=placement,
        iop_hours=9.0 + 2.0 * np.minimum(rng.poisson(1.2, n), 5) if hours is None else hours[0],
        iop_weeks=rng.choice(IOP_WEEKS, n, p=IOP_WEEK_SHARES),
        residence_hours=np.clip(rng.normal(27.0, 5.0, n), 20, 40) if hours is None else hours[1],
        residence_weeks=rng.choice(RESIDENCE_WEEKS, n, p=RESIDENCE_WEEK_SHARES),
    )
