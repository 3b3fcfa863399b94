"""All that a cohort alike is drawn from: coarse numbers about the one that it resembles, as they are written down.

Every number is rounded when it is made (`analyses.likeness`): log odds and correlations to a tenth, shares to a
hundredth, deciles to a tenth of the spread. None is of a category with fewer people than the disclosure policy shows.
"""

from __future__ import annotations

from pydantic import Field

from iop_outcomes.protocol.base import Part

# of a number; its coefficient is per standard deviation
PER_DEVIATION = ""
DECILES = tuple(k / 10 for k in range(1, 10))


class Covariate(Part):
    """A covariate by its margin. levels: of categories, the reference first, in the order of the table covariates;
    order: the same by how often they come to the first arm; shares: of each level in that order. deciles: of a
    number. flags: the number of which this says who has none, in the table 0 or 1 by its level; '' where it does
    not.
    """

    name: str
    levels: list[str] = Field(default=[])
    order: list[str] = Field(default=[])
    shares: list[float] = Field(default=[])
    deciles: list[float] = Field(default=[])
    flags: str = ""

    @property
    def centre(self) -> float:
        """The median of a number."""
        return self.deciles[4]

    @property
    def deviation(self) -> float:
        """Of a number, by how far its second and eighth decile are apart; 1 where they are not."""
        return (self.deciles[7] - self.deciles[1]) / (2 * 0.8416212) or 1.0


class Logit(Part):
    """Log odds. coefficient: by covariate and level, against the reference; of a number under PER_DEVIATION.
    spread: standard deviation of what sites add.
    """

    coefficient: dict[str, dict[str, float]] = Field(default={})
    spread: float = Field(default=0.0, ge=0)


class Leaving(Part):
    """Leaving month by month. ends: last days of the months, the last the horizon; first, second: in each arm the share
    of those still there who leave in each; model: log odds of leaving a month.
    """

    ends: list[int]
    first: list[float]
    second: list[float]
    model: Logit


class Question(Part):
    """What is known of one question. first, second: its estimates in the two arms, rounded; a share, or mean days.
    model: log odds of the outcome. answered: log odds of an answer, where some are missing, and the shares with one in
    each arm. leaving: where days are asked about.
    """

    outcome: str
    horizon_days: int
    measure: str
    method: str
    missing_rule: str
    first: float
    second: float
    model: Logit = Logit()
    answered: Logit | None = None
    answers: tuple[float, float] = (1.0, 1.0)
    leaving: Leaving | None = None


class Numbers(Part):
    """A cohort. people: of both arms; sites; uneven: coefficient of variation of their sizes. dependence: correlations
    of normal variables behind the covariates. placement: log odds of the first arm; first_share: people in it.
    """

    people: int
    sites: int
    uneven: float
    covariates: list[Covariate]
    dependence: list[list[float]]
    placement: Logit
    first_share: float
    questions: list[Question] = Field(default=[])
