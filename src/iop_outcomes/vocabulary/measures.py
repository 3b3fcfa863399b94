"""What is measured: each measure with the rows that it fills, its scale and its place among the others.

A measure of arms has a row for each of its two sides, one for their difference and one for their ratio; a hazard ratio
is a ratio and nothing else. The column `of` of results says which of them a row is.
"""

from __future__ import annotations

from dataclasses import dataclass

DIFFERENCE, RATIO = "difference", "ratio"
MORE_HOURS, FEWER_HOURS = "more_hours", "fewer_hours"
EVERYTHING = "all"
# what a row of results may be of, beside the name of an arm: no arm may be called so
OF = {
    DIFFERENCE: "the difference of the arms",
    RATIO: "the ratio of the arms",
    MORE_HOURS: "people with more hours of care a week",
    FEWER_HOURS: "people with fewer hours of care a week",
    EVERYTHING: "all arms together, or a whole question",
}


@dataclass(frozen=True)
class Measure:
    """One quantity that a row of the sheet may ask for.

    meaning: what it is. unit: of a side, and of a difference: share, days, or none. by_arm: its sides are the arms.
    sides: what its rows are of in their place. preferred: its place where questions are told or tabulated, 1 first.
    method: how times are measured so, for the methods section; '' where that is said elsewhere.
    """

    name: str
    meaning: str
    unit: str
    preferred: int
    by_arm: bool = False
    sides: tuple[str, ...] = ()
    method: str = ""

    @property
    def ratio(self) -> bool:
        """It has no sides: its one number is a ratio."""
        return not (self.by_arm or self.sides)

    @property
    def share(self) -> bool:
        """Of its sides it is a share of people."""
        return self.unit == "share"

    @property
    def main(self) -> str:
        """What the row that speaks for it is of."""
        return RATIO if self.ratio else DIFFERENCE

    def rows(self, first: str, second: str) -> tuple[str, ...]:
        """What its rows are of, in order, for two arms."""
        if self.ratio:
            return (RATIO,)
        return (*((first, second) if self.by_arm else self.sides), DIFFERENCE, RATIO)


RISK, MEAN_DAYS, HAZARD_RATIO, DOSE_RESPONSE = "risk", "mean_days", "hazard_ratio", "dose_response"
# in the order in which the sheet names them
_ROWS = (
    Measure(
        "risk",
        "share of people with the outcome by a day, or on it",
        "share",
        2,
        by_arm=True,
        method=(
            "Ways of leaving are cumulative incidences in the presence of each other (Aalen and Johansen 1978, "
            "Scandinavian Journal of Statistics 5:141), never one minus a Kaplan-Meier curve."
        ),
    ),
    # days first, as they need no proportional hazards
    Measure(
        "mean_days",
        "mean days in care up to a day",
        "days",
        1,
        by_arm=True,
        method=(
            "Days in care are restricted means, the area under the curve of staying up to the horizon (Royston and "
            "Parmar 2013, BMC Medical Research Methodology 13:152)."
        ),
    ),
    Measure(
        "hazard_ratio",
        "hazard of the outcome in the first arm by that in the second",
        "",
        4,
        method=(
            "Ratios of cause-specific hazards stand after them: hazards of leaving may cross, and a ratio is then an "
            "average over the days of follow-up."
        ),
    ),
    Measure(
        "dose_response",
        "share of an arm's people with the outcome at more and at fewer hours of care a week",
        "share",
        3,
        sides=(MORE_HOURS, FEWER_HOURS),
    ),
)
MEASURES = {row.name: row for row in _ROWS}

# measures in the order in which they are spoken of and tabulated
PREFERRED_MEASURES = tuple(row.name for row in sorted(_ROWS, key=lambda m: m.preferred))
BY_ARM = tuple(row.name for row in _ROWS if row.by_arm)
