"""The rows of the sheets: one endpoint, one eligibility rule, one question; and an estimand that it asks for."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from iop_outcomes.errors import StudyError
from iop_outcomes.patterns.definition import Definition, nearest
from iop_outcomes.patterns.published import OWN, written
from iop_outcomes.patterns.turned import turned
from iop_outcomes.patterns.words import AS_OPERATIONALISED, AS_PUBLISHED
from iop_outcomes.protocol.base import GAP, Name, OneOf, Part, Words
from iop_outcomes.protocol.use import AskedTests
from iop_outcomes.vocabulary.answers import COUNTED_AGAINST, DEATHS, LEFT_OUT, MISSING_RULES, NONE, NOT_DUE
from iop_outcomes.vocabulary.causes import COMPLETED, LEAVING, UNPLANNED
from iop_outcomes.vocabulary.endpoints import (
    ADMISSION,
    CLOCKED,
    CLOCKS,
    COLUMNS,
    EVENTS,
    KINDS,
    LEFT_INDEX,
    MAY_BE_MISSING,
    MAY_TAKE,
    OF_PATTERNS,
    OF_TESTS,
    PATTERN_AMOUNTS,
    PATTERN_ANSWERS,
    STAYING,
    TAKES,
    WEEKLY,
)
from iop_outcomes.vocabulary.estimands import ESTIMANDS
from iop_outcomes.vocabulary.kind import STEPS
from iop_outcomes.vocabulary.measures import MEASURES
from iop_outcomes.vocabulary.methods import METHODS
from iop_outcomes.vocabulary.readings import Reading
from iop_outcomes.vocabulary.testing import ANY, MIXED, NEGATIVE, POSITIVE

Step = Annotated[str, OneOf(STEPS)]
Measure = Annotated[str, OneOf(MEASURES)]
Method = Annotated[str, OneOf(METHODS)]
Estimand = Annotated[str, OneOf(ESTIMANDS)]
MissingRule = Annotated[str, OneOf(MISSING_RULES)]
Family = Literal["primary", "secondary", "exploratory", "sensitivity", "exhibit"]
PRIMARY: Final = "primary"
# not decided on before outcomes were seen, or one of many: it gives rise to questions, and has no verdict
EXPLORATORY: Final = "exploratory"
# of what a specification curve asks beside the sheet, which no sheet says
SPECIFICATION: Final = "specification"


class Endpoint(Part):
    """One row of the endpoint library."""

    outcome: Name
    kind: Annotated[str, OneOf(KINDS)]
    label: Words = Field(description="what a reader sees")
    definition: Words = Field(description="a sentence for the methods section")
    cause: Annotated[str, OneOf(("", *LEAVING))] = ""
    substance: str = ""
    follows: Literal["", "index", "care", "continuum"] = Field(
        default="", description="kinds in_care: the index level, the episode (default), or it from detoxification on"
    )
    gap_days: int | None = Field(
        default=None,
        ge=0,
        description=f"kinds in_care: the episode under another gap rule, of stays so many days apart {GAP}",
    )
    plan_tolerance_days: int | None = Field(
        default=None,
        ge=0,
        description="left_index: a stay that ends unplanned by the records, so many days or fewer before its planned "
        "end, counts as completed",
    )
    tolerance_days: int = Field(default=0, ge=0, description="how far from the horizon it may be measured")
    run: int = Field(default=0, ge=0, description="results in a row that make the event")
    from_day: int = Field(default=0, ge=0, description="first day from which results, or sessions, count")
    counts: str = Field(
        default="", description="results that count towards the run, or states that are the outcome, between commas"
    )
    window_days: int = Field(
        default=0,
        ge=0,
        description="point_prevalence: days up to the horizon without use; days_abstinent and longest_abstinence: days "
        "before the horizon that count, where not all from `from_day` on do; change_in_use: days before time zero and "
        "before the horizon",
    )
    sessions: int = Field(default=0, ge=0, description="engaged only: days with attended care that make it")
    column: Annotated[str, OneOf(("", *(name for names in COLUMNS.values() for name in names)))] = Field(
        default="", description="states only: the column of stays, or of followups, that tells it"
    )
    pattern: str = Field(
        default="",
        description="kinds of patterns: the name of a published endpoint, or a definition (docs/endpoints.md): columns "
        "with their cells, such as statistic = longest_run | counts = negative | at_least = 6",
    )
    version: Annotated[str, OneOf(("", AS_PUBLISHED, AS_OPERATIONALISED))] = Field(
        default="", description=f"kinds of patterns: of a published endpoint; {AS_OPERATIONALISED} where it is empty"
    )
    deaths: Annotated[str, OneOf(DEATHS)] = Field(
        default=COUNTED_AGAINST, description="answers on a day only: how people are read who had died by then"
    )
    not_due: Annotated[str, OneOf(NOT_DUE)] = Field(
        default=LEFT_OUT, description="answers on a day only: how people are read whose answer was not due yet"
    )
    clock: Annotated[str, OneOf(CLOCKS)] = Field(
        default=ADMISSION,
        description="about use only: days are counted from the first day at the index level, or from the return to the "
        "community, the first day outside of a controlled environment that is not on the way to the next",
    )
    one_in_days: int = Field(
        default=0,
        ge=0,
        description="about tests only: arms that are tested on different schedules are read on a common one, the last "
        "test that was due in so many days; 0: all tests count",
    )

    @model_validator(mode="after")
    def _complete(self) -> Endpoint:
        for number, kinds in TAKES.items():
            may = self.kind in MAY_TAKE.get(number, ())
            if not may and (self.kind in kinds) != (getattr(self, number) > 0):
                also = f", and {' and '.join(MAY_TAKE[number])} may have it" if number in MAY_TAKE else ""
                raise ValueError(f"`{number}` is for the kind {' and '.join(kinds)}, which needs at least 1{also}")
        if empty := next((column for column in KINDS[self.kind].must_fill if not getattr(self, column)), ""):
            raise ValueError(f"`{empty}` is empty, and the kind {self.kind} needs at least 1: nobody could be known")
        if self.column not in COLUMNS.get(self.kind, ("",)):
            needs = f"the kind {self.kind}, which needs one of {', '.join(COLUMNS.get(self.kind, ()))}"
            raise ValueError(f"`column` is for {needs if self.kind in COLUMNS else ' and '.join(COLUMNS)}")
        if (self.kind in OF_PATTERNS) != bool(self.pattern) or (self.version and not self.pattern):
            raise ValueError(f"`pattern` is for the kinds {', '.join(OF_PATTERNS)}, which need one")
        if self.pattern:
            self.defined()
        if self.kind not in MAY_BE_MISSING and (self.deaths, self.not_due) != (COUNTED_AGAINST, LEFT_OUT):
            raise ValueError(
                f"`deaths` and `not_due` are for outcomes that may be missing ({', '.join(MAY_BE_MISSING)}), and of "
                f"the kind {self.kind} deaths compete or end the follow-up: leave both empty"
            )
        if self.clock != ADMISSION and self.kind not in CLOCKED:
            why = (
                "the days before a return to the community were spent where use is hardly possible, so that no change "
                "is counted from them"
                if KINDS[self.kind].changed
                else f"it is for outcomes about use from tests and interviews ({', '.join(CLOCKED)})"
            )
            raise ValueError(f"`clock` does not fit the kind {self.kind}: {why}")
        if self.one_in_days and self.kind not in OF_TESTS:
            raise ValueError(f"`one_in_days` thins tests: it is for outcomes of tests ({', '.join(OF_TESTS)})")
        return self

    @model_validator(mode="after")
    def _results(self) -> Endpoint:
        """Plans tell completing from leaving unplanned; `counts` names results of tests, and a run has some."""
        if self.plan_tolerance_days is not None and self.cause not in (COMPLETED, UNPLANNED):
            raise ValueError(
                f"`plan_tolerance_days` is for the kind {' and '.join(LEFT_INDEX)} with the cause {COMPLETED} or "
                f"{UNPLANNED}: it tells the two apart"
            )
        known, named = KINDS[self.kind].results, [one.strip() for one in self.counts.split(",") if one.strip()]
        if known and (strange := [one for one in named if one not in known]):
            raise ValueError(f"`counts`: '{strange[0]}' is no result of a test.{nearest(strange[0], known)}")
        if self.run and not named:
            raise ValueError(f"`counts` is empty: a run needs results that make it, of {', '.join(known)}")
        if self.kind in WEEKLY and named and (NEGATIVE not in named or POSITIVE in named):
            raise ValueError(
                f"`counts`: a week with what it names is read as one of abstinence, and a missed one as use. Name "
                f"{NEGATIVE}, and {MIXED} where such weeks are no use; of weeks that are {POSITIVE}, ask for the share "
                f"that is {NEGATIVE}: they are what is left of it"
            )
        if self.kind in PATTERN_AMOUNTS and not self.reads_missed and (said := turned(self.defined()[0])):
            raise ValueError(said)
        return self

    def defined(self) -> list[Definition]:
        """The rows of its definition, of the kinds of patterns. Raises ValueError with what is wrong in it."""
        try:
            return written(self.pattern, self.version or AS_OPERATIONALISED, self.outcome, KINDS[self.kind].value)
        except StudyError as wrong:
            raise ValueError(str(wrong)) from None

    @property
    def reads_missed(self) -> bool:
        """Its definition says how missed tests are read, and no rule for missing answers does: a yes or no; an amount
        that is published, or fills `missed`.
        """
        if self.kind in PATTERN_ANSWERS:
            return True
        return self.kind in PATTERN_AMOUNTS and all(row.missed or row.version != OWN for row in self.defined())

    @property
    def tests(self) -> AskedTests:
        """The tests that it asks about."""
        return AskedTests(substance=self.substance or ANY, clock=self.clock, one_in_days=self.one_in_days)

    @property
    def companion(self) -> bool:
        """It asks again what another endpoint asks, under another gap rule or clock, or another tolerance of plans."""
        return self.plan_tolerance_days is not None or (self.kind in STAYING and self.followed != "care")

    @property
    def counted(self) -> str:
        """The cause of the table retention that is its event, or ''."""
        return EVENTS.get(self.kind, self.cause)

    @property
    def reading(self) -> Reading:
        """How its outcome is read from cells."""
        return KINDS[self.kind].reading(self.counted, self.deaths, self.not_due)

    @property
    def followed(self) -> str:
        """What an endpoint of the step retention follows, as the table retention names it."""
        if self.kind in LEFT_INDEX:
            return "index" if self.plan_tolerance_days is None else f"index_plan_{self.plan_tolerance_days}"
        if self.kind in EVENTS:
            return self.outcome
        return f"care_gap_{self.gap_days}" if self.gap_days is not None else self.follows or "care"


class Eligibility(Part):
    """One row of the eligibility rules."""

    cohort: str = Field(pattern=r"^(\*|[a-z][a-z0-9_]*)$", description="name of the cohort, or * for all")
    rule: Name = Field(description="name of the rule; a cohort's own row takes the place of the one for all")
    column: Name = Field(description="column of persons, of the index episode, or one that is derived")
    keep: Literal["is", "is_not", "at_least", "at_most", "always"] = Field(
        description="what the column must be; always: the rule does not apply to this cohort"
    )
    value: str = Field(default="", description="number, or words with commas between; {key} is a key of `population`")
    unknown: Literal["keep", "exclude"] = Field(default="exclude", description="what becomes of a value not known")
    label: Words = Field(description="whom it excludes, as the flow diagram says it")


def _listed(cell: object) -> object:
    """The members of a cell, between commas."""
    return [member.strip() for member in cell.split(",")] if isinstance(cell, str) else cell


def _once(members: list[Any]) -> list[Any]:
    """The members, or ValueError where one stands twice."""
    twice = next((m for i, m in enumerate(members) if m in members[:i]), None)
    if twice is not None:
        raise ValueError(f"'{twice}' stands twice in the list")
    return members


Names = Annotated[list[Name], BeforeValidator(_listed), AfterValidator(_once), Field(min_length=1)]
Days = Annotated[
    list[Annotated[int, Field(ge=1)]], BeforeValidator(_listed), AfterValidator(_once), Field(min_length=1)
]
Methods = Annotated[list[Method], BeforeValidator(_listed), AfterValidator(_once), Field(min_length=1)]
MissingRules = Annotated[list[MissingRule], BeforeValidator(_listed), AfterValidator(_once), Field(min_length=1)]


class Question(Part):
    """One row of the analyses sheet: a question, asked at every horizon by every method that it lists."""

    cohort: Name
    analysis: Name = Field(description="the question; rows of one question share it")
    step: Step
    contrast: Names = Field(description="one comparison, or several between commas")
    outcome: Name
    horizon_days: Days = Field(description="one day, or several between commas")
    measure: Measure
    method: Methods = Field(description="one method, or several between commas")
    missing_rule: MissingRules = Field(default=[NONE], description="one rule, or several between commas")
    family: Family = "secondary"
    group_by: Annotated[list[Name], BeforeValidator(_listed), AfterValidator(_once)] = Field(
        default=[], description="`modifiers` of the study, between commas, within whose groups it is asked as well"
    )

    @model_validator(mode="after")
    def _one_kind_of_missing(self) -> Question:
        if NONE in self.missing_rule and len(self.missing_rule) > 1:
            raise ValueError("`missing_rule` is none where an outcome cannot be missing: it stands alone")
        return self


class Analysis(Part):
    """One estimand: one contrast, one outcome at one horizon, by one method under one rule for missing outcomes."""

    cohort: Name
    analysis: Name = Field(description="the question; rows of one question share it")
    step: Step
    contrast: Name
    outcome: Name
    horizon_days: int = Field(ge=1)
    measure: Measure
    estimand: Estimand
    method: Method
    missing_rule: MissingRule = NONE
    family: Family | Literal["specification"] = "secondary"
    group_by: tuple[Name, ...] = Field(default=(), description="modifiers within whose groups it is asked as well")
