"""What readers see in place of names: one place for figures and report.

Titles of contrasts, arms and endpoints come from the study; methods, rules and causes from the vocabulary, covariates
from the tables below. A name that no table knows is shown with its underscores as spaces. `reason` puts labels into the
sentences that say why there is no number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from iop_outcomes.presentation import numbers
from iop_outcomes.protocol import Compared, Comparison, Contrast, Endpoint, comparisons, two_strategies
from iop_outcomes.protocol.rows import EXPLORATORY, PRIMARY
from iop_outcomes.tables.results import ALL
from iop_outcomes.vocabulary import answers, causes, endpoints
from iop_outcomes.vocabulary.arms import LEFT, STAYED
from iop_outcomes.vocabulary.levels import RULES
from iop_outcomes.vocabulary.measures import BEYOND, FEWER_TESTS, MORE_TESTS, UP_TO
from iop_outcomes.vocabulary.methods import METHODS
from iop_outcomes.vocabulary.testing import SCHEDULED_BEFORE

# what stands beside methods in tables and figures of balance
BEFORE = {"unweighted": "Before weighting"}
# ways of leaving, events, and the curves of people who are still there
CAUSES = causes.LABELS | endpoints.LABELS
OR = " or "
# by which an estimate is one of a family
QUESTION = ("analysis", "contrast", "outcome", "horizon_days", "measure", "method", "missing_rule")
# causes that the release counts together where too few people left by each, by every name that it may give them: some
# may have been together before
POOLS = {
    OR.join(some): OR.join([CAUSES[some[0]], *(CAUSES[name][:1].lower() + CAUSES[name][1:] for name in some[1:])])
    for size in range(2, len(causes.LEAVING) + 1)
    for some in permutations(causes.LEAVING, size)
}
COVARIATES = {
    "age": "Age",
    "cooccurring_disorder": "Co-occurring disorder",
    "depression_cesd": "Depression (CES-D)",
    "depression_score": "Beck Depression Inventory",
    "education": "Education",
    "employment": "Employment",
    "hispanic": "Hispanic or Latino",
    "injection_use": "Injection use",
    "legal_mandate": "Legal mandate",
    "marital": "Marital status",
    "primary_drug": "Primary drug",
    "prior_treatments": "Earlier treatments",
    "race": "Race",
    "severity": "Severity of substance use",
    "sex": "Sex",
    "stable_housing": "Stable housing",
    **SCHEDULED_BEFORE,
}
UNITS = {
    "age": "years",
    "depression_score": "points",
    "severity": "standard deviations",
}
# sides of a comparison that are no arms
SIDES = {MORE_TESTS: "more tests", FEWER_TESTS: "fewer tests"}
STRATA = {"site_id": ("site", "sites"), "trial": ("trial", "trials")}
TABLES_OF_RECORDS = {
    "stays": "Stays",
    "persons": "People",
    "sessions": "Sessions of care",
    "screens": "Urine screens",
    "followups": "Follow-up interviews",
    "medications": "Medication spells",
}


def words(name: str) -> str:
    """A name as words: 'not_in_labor_force' is 'Not in labor force'."""
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def capital(text: str) -> str:
    """The text with a capital letter."""
    return text[:1].upper() + text[1:]


def sentence(parts: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return " and ".join(p for p in (", ".join(parts[:-1]), parts[-1]) if p) if parts else ""


def within(text: str) -> str:
    """A label inside a sentence: its first letter small, unless it begins with an abbreviation or a name."""
    first, _, rest = text.partition(" ")
    name = rest[:1].isupper() or any(c.isupper() or c.isdigit() for c in first[1:])
    return text if name else text[:1].lower() + text[1:]


@dataclass(frozen=True)
class Labels:
    """Labels of one study."""

    study: Compared

    def compared(self, contrast: str) -> Contrast:
        """The contrast itself, or the one whose arms an intensity, or doses, show."""
        asked = self.study.intensities.get(contrast) or self.study.doses.get(contrast)
        return self.study.contrasts[asked.contrast if asked else contrast]

    def _asked(self, name: str) -> Comparison | None:
        return dict(comparisons(self.study)).get(name)

    def knows(self, name: str) -> bool:
        """A comparison of this name was asked for."""
        return self._asked(name) is not None

    def contrast(self, name: str) -> str:
        """Title of a comparison."""
        asked = self._asked(name)
        return asked.title if asked else words(name)

    def sides(self, contrast: str) -> tuple[str, str]:
        """Names of the first and the second arm."""
        if contrast in self.study.durations:
            return STAYED, LEFT
        if asked := two_strategies(self.study).get(contrast):
            return asked.first.name, asked.second.name
        if contrast in self.study.thresholds:
            return UP_TO, BEYOND
        found = self.compared(contrast)
        return found.first.name, found.second.name

    def arm(self, contrast: str, name: str) -> str:
        """Label of an arm."""
        if contrast in self.study.durations:
            days = self.study.durations[contrast].days
            return {STAYED: f"Stayed at least {days} days", LEFT: f"Left before day {days}"}.get(name, words(name))
        if contrast in self.study.thresholds:
            return self._of_threshold(contrast, name)
        asked = two_strategies(self.study).get(contrast) or self.compared(contrast)
        known = {arm.name: arm.label for arm in (asked.first, asked.second)}
        return known.get(name) or self.further_arms(contrast).get(name) or words(name)

    def _of_threshold(self, contrast: str, name: str) -> str:
        """Label of a side of a threshold, or of the arm in which its people started."""
        asked = self.study.thresholds[contrast]
        known = {UP_TO: f"Up to week {asked.at}", BEYOND: f"Beyond week {asked.at}"}
        return known.get(name) or self.arm(asked.contrast, name)

    def further_arms(self, contrast: str) -> dict[str, str]:
        """The further arms of a contrast: labels by name."""
        asked = self.study.contrasts.get(contrast)
        return {arm.name: arm.label for arm in asked.further_arms} if asked else {}

    def arms(self, contrast: str) -> tuple[str, str]:
        """Labels of the first and the second arm."""
        first, second = self.sides(contrast)
        return self.arm(contrast, first), self.arm(contrast, second)

    def against(self, contrast: str) -> str:
        """Both arms as a heading, and those further_arms: 'Intensive outpatient v residential'."""
        first, second = self.arms(contrast)
        return f"{first} v {within(second)}{self._beside(contrast)}"

    def numbered(self, contrast: str) -> str:
        """Both arms by number, as panels tell them; with the title where another contrast has the same arms."""
        found = self._by_number(contrast)
        same = any(c != contrast and self._by_number(c) == found for c in self.study.contrasts)
        return f"{self.contrast(contrast)}. {found}" if same else found

    def _by_number(self, contrast: str) -> str:
        first, second = self.arms(contrast)
        return f"1: {first}, 2: {second}{self._beside(contrast)}"

    def _beside(self, contrast: str) -> str:
        arms = 2 + len(self.further_arms(contrast))
        return f", of {numbers.word(arms)} arms" if arms > 2 else ""

    def randomised(self, contrast: str) -> bool:
        """The arm was assigned by chance."""
        asked = self.study.contrasts.get(contrast)
        return asked is not None and asked.randomised

    def endpoints(self) -> Mapping[str, Endpoint]:
        """Endpoints by name, in the order of the library."""
        return self.study.endpoints

    def endpoint(self, name: str) -> str:
        """Label of an endpoint."""
        found = self.endpoints().get(name)
        return found.label if found else words(name)

    def question(self, outcome: str, day: float, rule: str) -> str:
        """An endpoint, its day and the reading of missing outcomes: 'Abstinence, day 180: observed only'."""
        read = self.reading(outcome, rule)
        text = f"{self.endpoint(outcome)}, day {day:.0f}"
        return f"{text}: {within(read)}" if read else text

    def reading(self, outcome: str, rule: str) -> str:
        """Label of a rule for missing outcomes; '' where none plays a part, as of endpoints of patterns, which say
        themselves how missed tests are read: that those are left out of whom nothing is known is no reading of them.
        """
        found = self.endpoints().get(outcome)
        itself = found is not None and found.reads_missed and rule == answers.OBSERVED_ONLY
        return "" if itself else missing_rule(rule)

    def family(self, row: Mapping[str, object]) -> str:
        """The family of a row of estimates, if it is primary or exploratory, else ''. row: by as many of QUESTION as it
        has.
        """
        for family, asked in ((PRIMARY, self.study.primary), (EXPLORATORY, self.study.exploratory)):
            if any(all(key not in row or row[key] == getattr(one, key) for key in QUESTION) for one in asked):
                return family
        return ""

    def mark(self, row: Mapping[str, object]) -> str:
        """' (primary)' or ' (exploratory)' behind what a row of estimates is called, '' of all others."""
        family = self.family(row)
        return f" ({family})" if family else ""

    def kind(self, outcome: str) -> str:
        """Kind of an endpoint, or ''."""
        found = self.endpoints().get(outcome)
        return found.kind if found else ""

    def reason(self, contrast: str, text: str) -> str:
        """A reason with labels in place of names: arms in quotes, and covariates as 'name=value'.

        What follows the name of an arm after a colon, as where an estimate is of several days, is not shown.
        """
        if self._asked(contrast):
            for name in (*self.sides(contrast), *self.further_arms(contrast)):
                said = f"\u2018{self.arm(contrast, name)}\u2019"
                text = re.sub(rf"'{re.escape(name)}(:[^']*)?'", lambda _, said=said: said, text)  # type: ignore[misc]
        for name, said in SIDES.items():
            text = text.replace(f"the arm '{name}'", f"the group with {said}")
        text = re.sub(r"'([^']+)'", "\u2018\\1\u2019", text)
        return (
            re.sub(r"\b([a-z][a-z_]*)=(\w+)", lambda m: f"\u2018{covariate(m[1], m[2])}\u2019", text)
            .strip()
            .rstrip(".")
        )


def groups(labels: Labels, contrast: str) -> tuple[str, str]:
    """The two arms inside a sentence: 'those starting in residential care', 'the methadone arm'."""
    found = labels.compared(contrast)
    names = [within(arm.label) for arm in (found.first, found.second)]
    if found.column not in RULES.values():
        return f"the {names[0]} arm", f"the {names[1]} arm"
    settings = [n.removeprefix("started ").removeprefix("in ").removesuffix(" care") for n in names]
    return f"those starting in {settings[0]} care", f"those starting in {settings[1]} care"


def covariate(name: str, value: str = ALL) -> str:
    """A covariate, 'Age', or a category of it, 'Sex: male'."""
    known = COVARIATES.get(name, words(name))
    if value == ALL:
        return known
    return f"{known}: {'not recorded' if value == answers.MISSING else value.replace('_', ' ')}"


def term(name: str) -> str:
    """A column of a model: a covariate, a category of one, 'sex=female'; anything else as it stands."""
    of, _, value = name.partition("=")
    return covariate(of, value or ALL) if of[:1].isalpha() else name


def method(name: str) -> str:
    """Label of a method."""
    return METHODS[name].label if name in METHODS else BEFORE.get(name, words(name))


def duration_method(measure: str, name: str, days: int) -> str:
    """Label of a method in the question of duration, by measure; days: the landmark."""
    known = METHODS[name].of_duration if name in METHODS else {}
    return known.get(measure, method(name)).format(days=days)


def strategies_method(name: str) -> str:
    """Label of a method where two strategies are compared."""
    return (METHODS[name].of_strategies if name in METHODS else "") or method(name)


def hours_method(name: str) -> str:
    """Label of a method where hours, or tests, of the first weeks are compared."""
    return (METHODS[name].of_hours if name in METHODS else "") or method(name)


def doses_method(name: str) -> str:
    """Label of a method where doses are compared."""
    return (METHODS[name].of_doses if name in METHODS else "") or method(name)


def thresholds_method(name: str) -> str:
    """Label of a method where weeks of leaving are compared."""
    return (METHODS[name].of_thresholds if name in METHODS else "") or method(name)


def missing_rule(name: str) -> str:
    """Label of a rule for missing outcomes; '' where none plays a part."""
    known = answers.MISSING_RULES.get(name)
    return words(name) if known is None else known.label


def cause(name: str) -> str:
    """Label of a way of leaving."""
    return CAUSES.get(name) or POOLS.get(name) or words(name)


def level(name: str) -> str:
    """Label of a level of a group of counts."""
    return answers.LABELS.get(name) or CAUSES.get(name) or words(name)
