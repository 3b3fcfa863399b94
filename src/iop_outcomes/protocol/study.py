"""The study itself: who is eligible, what is compared, what is asked, and what may be shown."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from iop_outcomes.protocol.base import GAP, Name, OneOf, Part, Share, Words
from iop_outcomes.protocol.categories import Categories
from iop_outcomes.protocol.doses import FEWEST, Doses, Quantiles
from iop_outcomes.protocol.margins import Margin
from iop_outcomes.protocol.modifiers import Modifier
from iop_outcomes.protocol.records import Privacy, Source
from iop_outcomes.protocol.sites import Sites
from iop_outcomes.protocol.specifications import Specifications
from iop_outcomes.protocol.starting import Starting
from iop_outcomes.protocol.staying import Strategies
from iop_outcomes.protocol.thresholds import Threshold
from iop_outcomes.protocol.trials import Trial
from iop_outcomes.protocol.uncertain import Alike, Imputation, Inference, Misclassification
from iop_outcomes.protocol.use import Use
from iop_outcomes.vocabulary.levels import AS_INDEX, BEFORE_INDEX, LEVELS, RULES
from iop_outcomes.vocabulary.measures import DOSE_RESPONSE, IN_CATEGORIES, TESTING_RESPONSE, TESTS
from iop_outcomes.vocabulary.testing import SCHEDULED_BEFORE


class Population(Part):
    """Whom the study is about; config/eligibility.tsv holds the rules, which refer to the numbers here by name."""

    unit: Literal["first_episode", "episode", "period"] = Field(
        default="first_episode",
        description="what is analysed: each person's first episode of care, every episode, or every period told of",
    )
    period_days: int = Field(
        default=180, ge=1, description="period only: time zero lies so many days before the interview that told of it"
    )
    minimum_age: int = Field(default=18, ge=0, description="youngest age at admission, in years")
    washout_days: int = Field(default=60, ge=0, description="days without treatment before time zero")
    minimum_observed_days: int = Field(
        default=0, ge=0, description="days that a person must be observable after time zero"
    )


class Care(Part):
    """How records become episodes of care."""

    gap_days: int = Field(
        default=14,
        ge=0,
        description=f"stays no more than so many days apart, {GAP}, belong to one episode of care; of 14 such days 13 "
        "are without care",
    )
    gap_sensitivity_days: list[Annotated[int, Field(ge=0)]] = Field(
        default=[7, 30, 60], description="other gap rules, counted alike, to show what hangs on it"
    )
    detoxification: Annotated[str, OneOf((BEFORE_INDEX, AS_INDEX))] = Field(
        default=BEFORE_INDEX,
        description=f"{BEFORE_INDEX}: time zero is the first day of treatment, and who had nothing but detoxification "
        f"is not asked about; {AS_INDEX}: an episode may start with detoxification as its index level",
    )
    twenty_hours: Literal["partial_hospitalization", "intensive_outpatient"] = Field(
        default="partial_hospitalization", description="what exactly 20 scheduled hours a week are"
    )
    max_quarantined_share: Share = Field(
        default=0.05,
        description="share of a table (stays, persons, sessions, screens, ...) that may break a rule before the run "
        "stops, and of the known values of one of its columns that may be out of range",
    )


class Adjustment(Part):
    """What the propensity score and the outcome models adjust for: measured before time zero, fixed beforehand."""

    continuous: list[Name] = Field(
        default=[],
        description="columns of persons entered as restricted cubic splines; beside these tests_before and "
        "tests_of_site, how many tests a week were scheduled before time zero, or are by the schedule of the site",
    )
    categorical: list[Name] = Field(default=[], description="columns of persons entered as categories")
    site_effects: bool = Field(default=True, description="a term for each site")
    spline_knots: int = Field(default=4, ge=3, le=5, description="knots of each spline")

    @property
    def recorded(self) -> list[str]:
        """Those that stand in the table persons."""
        return [name for name in (*self.continuous, *self.categorical) if name not in SCHEDULED_BEFORE]

    @model_validator(mode="after")
    def _named_once(self) -> Adjustment:
        names = [*self.continuous, *self.categorical]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is named twice; name each covariate once, in one of the two lists")
        return self


class Gate(Part):
    """What a design must reach before its estimate is shown."""

    max_standardised_difference: float = Field(default=0.1, gt=0, description="largest allowed after weighting")
    min_effective_share: Share = Field(default=0.3, description="smallest effective sample size, as a share of the arm")
    max_weight: float = Field(default=50, gt=1, description="largest allowed weight, as a multiple of the mean weight")
    max_mean_weight_gap: float = Field(
        default=0.25,
        gt=0,
        description="how far from 1 the mean of weights of weekly histories, strategies and first weeks may lie",
    )
    max_variance_ratio: float | None = Field(
        default=None, gt=1, description="largest allowed ratio of a covariate's variances, either way; null: shown only"
    )
    max_within_site_difference: float | None = Field(
        default=None,
        gt=0,
        description="largest standardised difference within sites (or trials), averaged over them; null: shown only",
    )
    min_score_overlap: Share | None = Field(
        default=None, description="smallest share that the arms' distributions of the score have in common; null: shown"
    )
    min_stratum_people: int = Field(
        default=10, ge=1, description="an arm with fewer people of a category is pointed out, and gates nothing"
    )
    min_events: int = Field(default=10, ge=0, description="smallest number of events, and of non-events, in an arm")
    max_detectable_difference: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="the difference in risk that must be detectable with 80 % power; null: shown only",
    )


class Disclosure(Part):
    """What may leave the private folder."""

    policy: Literal["cms", "opensafely", "acro", "strict", "none"] = Field(
        default="cms",
        description="cms: no cell of 1 to 10; opensafely: none of 1 to 7, rounded to 5; acro: none of 0 to 9; strict: "
        "none of 0 to 10, rounded to 5; none: synthetic or public data only",
    )
    minimum_count: int | None = Field(default=None, ge=1, description="a stricter smallest cell")
    rounding_base: int | None = Field(default=None, ge=1, description="a coarser rounding")
    public: Words | None = Field(
        default=None,
        min_length=10,
        description="`policy: none` of records of one's own: why everyone may see them; the report tells it",
    )
    ledger: list[str] = Field(
        default=[],
        description="ledger.csv of the earlier releases of this cohort, one path or all of them: no change of a few "
        "people since can be worked out",
    )
    sign_off: str | None = Field(
        default=None, description="the report waits until this file says who looked at the released tables, and when"
    )

    @field_validator("ledger", mode="before")
    @classmethod
    def _one_or_more(cls, given: object) -> object:
        return [given] if isinstance(given, str) else given


class Arm(Part):
    """One side of a contrast."""

    name: Name = Field(description="short name, used in results tables")
    label: Words = Field(min_length=1, description="name in words")
    values: list[Annotated[str, Field(min_length=1)]] = Field(
        min_length=1, description="values of the contrast's column that belong to this arm"
    )


class Contrast(Part):
    """Two groups of people compared from time zero, among people of these groups or of further ones as well."""

    title: Words
    column: Literal["index_level", "level_asam", "level_broad", "assigned_arm", "reported_care"] = Field(
        description="column of people that tells the arm"
    )
    first: Arm
    second: Arm
    further_arms: list[Arm] = Field(
        default=[],
        description="further arms: the two are compared for people who could have started in any of all these arms",
    )
    randomised: bool = Field(default=False, description="the arm was assigned by chance")
    stratum: Literal["site_id", "trial"] = Field(
        default="site_id", description="group that must hold both arms, else the arm is determined by it"
    )
    trial: str | None = Field(default=None, description="only people of this trial")
    required: bool = Field(
        default=True, description="an empty arm is an error; if false, it is reported as not possible"
    )
    classifiers: list[Literal["label", "asam", "broad"]] = Field(
        default=[],
        description="other rules by which a level is read (the program's label, or hours), under which the primary "
        "questions are asked again",
    )
    variant_of: str | None = Field(
        default=None, description="set by the workflow: the contrast that this one repeats under another classifier"
    )

    @model_validator(mode="after")
    def _arms_differ(self) -> Contrast:
        arms = (self.first, self.second, *self.further_arms)
        values = [value for arm in arms for value in set(arm.values)]
        if len(set(values)) < len(values) or len({arm.name for arm in arms}) < len(arms):
            raise ValueError("the arms must have different names and share no value")
        if self.further_arms and self.randomised:
            raise ValueError(
                "arms assigned by chance need no score that tells further arms apart: leave out further_arms"
            )
        if self.classifiers and self.column not in RULES.values():
            raise ValueError(
                f"classifiers repeat a comparison of levels: they need a `column` of {', '.join(RULES.values())}"
            )
        same = [name for name in self.classifiers if RULES[name] == self.column]
        if same:
            raise ValueError(f"the arms are read by '{same[0]}' already: leave it out of `classifiers`")
        if self.column in RULES.values():
            unknown = sorted(set(values) - set(LEVELS))
            if unknown:
                raise ValueError(f"{', '.join(unknown)} is not a level of care; expected {', '.join(LEVELS)}")
        return self


class Duration(Part):
    """Staying at least so many days against leaving earlier: naive, and from a landmark at that day."""

    title: Words
    days: int = Field(default=90, ge=1, description="the landmark, and the stay that is compared")
    stay: Literal["index", "care"] = Field(
        default="care", description="days at the index level, or in care at any level"
    )
    within_sites: bool = Field(default=True, description="hazards are compared within sites (a stratified Cox model)")


class Intensity(Part):
    """Mean attended hours, or tests scheduled, a week in a window, among people still in care at its end."""

    title: Words
    of: Literal["hours", "tests"] = Field(
        default="hours",
        description="attended hours (measure dose_response), or tests scheduled, taken or not (testing_response)",
    )
    cut: float | None = Field(
        default=None, gt=0, description="of tests: who has at least so many a week against who has fewer"
    )
    window_days: int = Field(default=28, ge=7, description="days from time zero over which they are averaged")
    contrast: Name = Field(description="contrast whose arms are shown apart")
    knots: int = Field(default=4, ge=3, le=5, description="knots of the restricted cubic spline")
    compare: dict[Name, tuple[float, float]] = Field(
        default={}, description="for each arm of the contrast by name: the hours a week to contrast, fewer first"
    )
    truncated: Quantiles = Field(
        default=(0.01, 0.99), description="quantiles to which weights for hours are brought in"
    )
    fewest_near: int = Field(
        default=50, ge=FEWEST, description="weighted curves go where effectively so many people had nearly such hours"
    )
    categories: Categories | None = Field(
        default=None, description="of hours: ask for them in categories (measure by_hours), and not for a curve"
    )
    required: bool = Field(
        default=True, description="if false, cohorts without attended hours say so and draw no figure"
    )

    @property
    def measure(self) -> str:
        """What a question about it measures."""
        if self.of == TESTS:
            return TESTING_RESPONSE
        return DOSE_RESPONSE if self.categories is None else IN_CATEGORIES

    @field_validator("compare")
    @classmethod
    def _fewer_first(cls, compare: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        if any(not 0 <= fewer < more for fewer, more in compare.values()):
            raise ValueError("two hours a week are compared, from 0 on, fewer first")
        return compare

    @model_validator(mode="after")
    def _tests_by_a_cut(self) -> Intensity:
        if (self.of == TESTS) != (self.cut is not None):
            raise ValueError("`of: tests` needs a `cut`, in tests a week, and hours have none (they are a spline)")
        if self.of == TESTS and self.compare:
            raise ValueError("`compare` is of hours; tests are compared by their `cut`")
        if self.categories is not None and (self.of == TESTS or self.compare):
            raise ValueError("`categories` are of hours, and are compared by their `reference`: leave out `compare`")
        return self


class Study(Part):
    """A whole study: the protocol in config.yaml with the cohort's own file laid over it."""

    cohort: Name = Field(description="name of the cohort: a file in the folder `cohorts`")
    cohorts: str = Field(default="config/cohorts", description="folder with one file per cohort")
    analyses: str = Field(default="config/analyses.tsv", description="the analyses sheet: one row, one question")
    questions: Name | None = Field(
        default=None, description="another cohort whose questions are asked here too, where comparisons share a name"
    )
    endpoints: str = Field(default="config/endpoints.tsv", description="the endpoint library: one row, one endpoint")
    eligibility: str = Field(default="config/eligibility.tsv", description="who is eligible: one row, one rule")
    people: str | None = Field(
        default=None, description="invented people with the answers expected of the definition, checked before the data"
    )
    results: str = Field(default="results", description="folder for results")
    data: str | None = Field(default=None, description="file or folder that takes the place of the source's path")

    title: Words = Field(description="title of the report")
    source: Source
    privacy: Privacy = Privacy()
    population: Population = Population()
    care: Care = Care()
    use: Use = Use()
    adjustment: Adjustment = Adjustment()
    gate: Gate = Gate()
    imputation: Imputation = Imputation()
    misclassification: Misclassification = Misclassification()
    inference: Inference = Inference()
    alike: Alike = Alike()
    disclosure: Disclosure = Disclosure()
    contrasts: dict[Name, Contrast] = Field(min_length=1)
    durations: dict[Name, Duration] = {}
    intensities: dict[Name, Intensity] = {}
    strategies: dict[Name, Strategies] = {}
    thresholds: dict[Name, Threshold] = {}
    starting: dict[Name, Starting] = {}
    doses: dict[Name, Doses] = {}
    specifications: dict[Name, Specifications] = {}
    sites: dict[Name, Sites] = Field(
        default={}, description="comparisons by name whose primary questions on shares are asked site by site as well"
    )
    anchors: list[Name] = Field(
        default=[],
        description="covariates that are left out of the score one by one in primary questions on shares, to tell how "
        "much a cause as strong as each would move the answer",
    )
    modifiers: dict[Name, Modifier] = Field(
        default={}, description="for whom it may hold: what a question names under `group_by`, by a name of one's own"
    )
    trials: dict[Name, Trial] = Field(
        default={},
        description="what only the authors can say of the trial that each comparison stands in for, by its name; "
        "`all`: of every comparison that does not say it itself",
    )
    margins: dict[Name, Margin] = Field(
        default={}, description="how much worse still counts as no worse, by a name of one's own"
    )
    truth: str | None = Field(default=None, description="table of known truths, for a synthetic cohort")

    @property
    def of_one_arm(self) -> dict[str, Strategies | Threshold]:
        """What is compared among people who started in one arm, week by week."""
        return {**self.strategies, **self.thresholds}

    @property
    def weekly(self) -> dict[str, Strategies | Threshold | Doses]:
        """What decides weeks of care."""
        return {**self.of_one_arm, **self.doses}
