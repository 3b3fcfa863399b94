"""What readers are told of the disclosure policy, and of what it did to a release: one table of words.

What was done stands among the released diagnostics of the method 'release': to what counts are rounded, and how many of
the unadjusted results that the release was made to keep are shown or withheld.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from iop_outcomes.presentation import numbers
from iop_outcomes.release.policy import Policy
from iop_outcomes.tables.results import RELEASE, ROUNDED_TO, ROWS_ASKED, ROWS_KEPT, ROWS_WITHHELD

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Words:
    """label: the policy within a sentence. page: what stands on every printed page. does: what it does, in sentences;
    both hold the numbers of the policy by name, `most` being the largest number of people that is too small.
    """

    label: str
    page: str
    does: str


NOT_SHOWN = "Protected: no number of {fewest} to {most} people is shown or can be worked out"
POLICIES = {
    "cms": Words(
        "the cell size policy of the Centers for Medicare and Medicaid Services",
        NOT_SHOWN,
        "No number of {fewest} to {most} people is shown, nor anything from which one could be worked out.",
    ),
    "opensafely": Words(
        "the rules of OpenSAFELY",
        NOT_SHOWN,
        "No number of {fewest} to {most} people is shown, all others are rounded to the nearest {rounding_base} or "
        "more coarsely, and unadjusted curves count people in steps of {midpoint}, in the middle of each.",
    ),
    "acro": Words(
        "the rules of ACRO, the tool of the SACRO project",
        NOT_SHOWN,
        "No number of {fewest} to {most} people is shown, nor anything from which one could be worked out; a model "
        "needs at least {residual_degrees} residual degrees of freedom, and of no sum may two people hold "
        "{dominance_percent} or more.",
    ),
    "strict": Words(
        "the strict rules for records under 42 CFR Part 2, of which reports may hold aggregates only",
        NOT_SHOWN,
        "No number of {fewest} to {most} people is shown, nor anything from which one could be worked out, and all "
        "others are rounded to the nearest {rounding_base} or more coarsely.",
    ),
    "none": Words(
        "no restriction, as the records are public or simulated",
        "No disclosure control: synthetic or public data",
        "There is no disclosure control: the data are synthetic or public.",
    ),
}


OTHERS = (
    " The others may be off by more. Shares and their difference are rounded each by itself, so that one need not be "
    "what the others make."
)
# of a study that withholds more than its policy asks for, which asks for nothing
OWN = Words("rules of its own", NOT_SHOWN, POLICIES["cms"].does)


def _words(rules: Policy) -> Words:
    asks_for_nothing = POLICIES[rules.name] is POLICIES["none"]
    return OWN if asks_for_nothing and not rules.exact else POLICIES[rules.name]


def label(rules: Policy) -> str:
    """The policy within a sentence."""
    return _words(rules).label


def page(rules: Policy) -> str:
    """What stands on every printed page."""
    return _words(rules).page.format(**_numbers(rules))


def does(rules: Policy) -> str:
    """What the policy does, in sentences."""
    return _words(rules).does.format(**_numbers(rules))


def _numbers(rules: Policy) -> dict[str, object]:
    return {
        **asdict(rules),
        "fewest": int(rules.zeros_allowed),
        "most": rules.minimum_count - 1,
        "dominance_percent": numbers.whole_percent(rules.dominance),
    }


def done(diagnostics: pd.DataFrame) -> str:
    """What the policy did to a release, in sentences; '' where the release does not say."""
    own = diagnostics[diagnostics["method"] == RELEASE]
    value = own.groupby("quantity")["value"].max()
    base, *rows = (numbers.number(value.get(q)) or 0 for q in (ROUNDED_TO, ROWS_ASKED, ROWS_KEPT, ROWS_WITHHELD))
    said = []
    if base:
        said.append(
            "Counts are exact where they are shown."
            if base == 1
            else f"Counts are exact, or rounded to the nearest {numbers.count(base)} where exact ones would have cost "
            "others."
        )
    asked, kept, lost = rows
    if asked:
        others = OTHERS * bool(asked - kept - lost)
        said.append(
            f"Of the {numbers.count(asked)} unadjusted results of the main questions, {numbers.count(kept)} are exact "
            f"or off by less than 1 percentage point (ratios and days: by less than 1{numbers.NARROW}%), and "
            f"{numbers.count(lost)} are withheld.{others}"
        )
    return " ".join(said)
