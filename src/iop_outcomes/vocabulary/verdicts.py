"""The verdicts on whether one arm does no worse than another: a closed list, each with its words.

Which of them it is follows from where both limits of the interval lie (`estimators.base.margins`); docs/verdict.md has
the table of cases.
"""

from __future__ import annotations

from dataclasses import dataclass

from iop_outcomes.vocabulary.answers import IMPUTED, MISSING_IS_USING, OBSERVED_ONLY
from iop_outcomes.vocabulary.endpoints import AMOUNTS, MAY_BE_MISSING, USE_ON_A_DAY, WEEKLY


@dataclass(frozen=True)
class Verdict:
    """One verdict.

    label: at the head of a sentence, or in a table. said: the sentence, of {first} and {second}. when: where the limits
    lie, turned so that above 0 the first arm does better; for the table of cases. else_: what is left of it where it is
    not known to hold under every reading of missing answers that it needs; '' where it needs none.
    """

    name: str
    label: str
    said: str
    when: str
    else_: str = ""


SUPERIOR, EQUIVALENT, NON_INFERIOR = "superior", "equivalent", "non_inferior"
LESS_THAN_MARGIN, INFERIOR = "worse_by_less_than_the_margin", "inferior"
INCONCLUSIVE, NOT_ANSWERABLE = "inconclusive", "not_answerable"

# in the order in which the rule asks
_ROWS = (
    Verdict(
        SUPERIOR,
        "Better",
        "{first} did better than {second}",
        "the lower limit lies above 0",
        else_=INCONCLUSIVE,
    ),
    Verdict(
        LESS_THAN_MARGIN,
        "Worse, but by less than the margin",
        "{first} did worse than {second}, though by less than the margin",
        "the upper limit lies below 0, and the lower one above minus the margin",
        else_=INFERIOR,
    ),
    Verdict(
        INFERIOR,
        "Worse",
        "{first} did worse than {second}",
        "the upper limit lies below 0, and the lower one does not lie above minus the margin, or there is no margin",
    ),
    Verdict(
        EQUIVALENT,
        "As good",
        "{first} did as well as {second}: neither better nor worse by as much as the margin",
        "0 lies between the limits, the lower one above minus the margin, and the 90 % interval within the margin on "
        "both sides",
        else_=INCONCLUSIVE,
    ),
    Verdict(
        NON_INFERIOR,
        "No worse",
        "{first} did no worse than {second}, by the margin",
        "0 lies between the limits, the lower one above minus the margin, and the 90 % interval reaches beyond the "
        "margin above",
        else_=INCONCLUSIVE,
    ),
    Verdict(
        INCONCLUSIVE,
        "Not settled",
        "{first} may have done as well as {second}, or worse by more than the margin: these data cannot tell",
        "the upper limit does not lie below 0, and the lower one does not lie above minus the margin; or a verdict of "
        "no worse does not hold under every reading of missing answers that it needs",
    ),
    Verdict(
        NOT_ANSWERABLE,
        "Cannot be answered",
        "whether {first} did no worse than {second} cannot be answered here",
        "there is no adjusted estimate (the gate, the data or the protection of people), or 0 lies between the limits "
        "and no margin was set",
    ),
)
VERDICTS = {row.name: row for row in _ROWS}

# which margin a verdict is by: the one that was set, a stricter one set beside it, the one of an earlier release, none
STATED, STRICT, EARLIER, NO_MARGIN = "stated", "strict", "earlier", "none"
MARGINS = {
    STATED: "the margin of the study",
    STRICT: "the stricter margin that was set beside it",
    EARLIER: "the margin of an earlier release, which was changed since",
    NO_MARGIN: "no margin was set",
}
# in place of a reading of missing answers: all that the verdict needs, together
TOGETHER = "together"


def needed(kind: str, itself: bool = False) -> tuple[str, ...]:
    """Readings of missing answers under each of which a verdict of no worse must hold; () where none can be missing.

    kind: of the endpoint. itself: the endpoint says how what is missing is read.
    """
    if kind not in MAY_BE_MISSING or itself:
        return ()
    if kind in (*AMOUNTS, *WEEKLY):  # which are not imputed
        return MISSING_IS_USING, OBSERVED_ONLY
    return (MISSING_IS_USING, IMPUTED) if kind in USE_ON_A_DAY else (IMPUTED,)
