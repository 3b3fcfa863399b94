"""A study that may be run, and what its steps ask of it: contrasts, endpoints, arms, horizons, figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from iop_outcomes.errors import struck
from iop_outcomes.privacy import withheld
from iop_outcomes.protocol import (
    Analysis,
    AskedTests,
    AsRun,
    Companions,
    Compared,
    Contrast,
    Disclosure,
    Eligibility,
    Endpoint,
    InCare,
    Judged,
    Modifier,
    OfDose,
    Origin,
    Part,
    Starting,
    Study,
    two_strategies,
)
from iop_outcomes.protocol.alike import unable
from iop_outcomes.protocol.rows import EXPLORATORY, PRIMARY, SPECIFICATION
from iop_outcomes.protocol.sites import may_be_by_site
from iop_outcomes.study import figures, margins
from iop_outcomes.vocabulary.answers import WITH_HISTORY
from iop_outcomes.vocabulary.arms import LEFT, STAYED
from iop_outcomes.vocabulary.endpoints import (
    EVENTS,
    FOLLOWED,
    KINDS,
    OF_PATTERNS,
    OF_PLACES,
    WEEKLY,
)
from iop_outcomes.vocabulary.kind import ABSTINENCE, DAYS_PER_WEEK, RETENTION
from iop_outcomes.vocabulary.methods import GENERALISED_PROPENSITY, IMPUTED, WITH_LOSS
from iop_outcomes.vocabulary.testing import ANY

if TYPE_CHECKING:
    from iop_outcomes.release.policy import Policy

Plain = dict[str, Any]
P = TypeVar("P", bound=Part)


@dataclass(frozen=True)
class Loaded:
    """A study that may be run: typed, merged, and with every name known."""

    study: Study
    analyses: tuple[Analysis, ...]
    endpoints: dict[str, Endpoint]
    rules: tuple[Eligibility, ...]
    # comparisons of the cohort whose questions are shared that this one does not make
    not_made: tuple[str, ...] = ()

    def contrasts(self, variants: bool = False) -> dict[str, Contrast]:
        """The contrasts as asked for, or their copies under other classifiers."""
        return {n: c for n, c in self.study.contrasts.items() if (c.variant_of is not None) == variants}

    def rows(self, step: str, contrast: str | None = None) -> list[Analysis]:
        """The sheet's rows for a step; all of one family, as that is for the report."""
        return [
            a.model_copy(update={"family": "secondary", "group_by": ()})
            for a in self.analyses
            if a.step == step and (contrast is None or a.contrast == contrast)
        ]

    def asked_twice(self, contrast: str) -> list[Analysis]:
        """The rows of a contrast that are computed a second time: all but those of specification curves."""
        own = [r for r in self.analyses if r.contrast == contrast and r.family != SPECIFICATION]
        by_step = [r for step in (RETENTION, ABSTINENCE) for r in own if r.step == step]
        return [r.model_copy(update={"family": "secondary", "group_by": ()}) for r in by_step]

    def by_group(self, contrast: str | None = None) -> list[Analysis]:
        """The rows of a contrast, or of all, that are asked within groups as well."""
        own = (r for r in self.analyses if r.group_by and contrast in (None, r.contrast))
        return [r.model_copy(update={"family": "secondary"}) for r in own]

    def modifiers(self, contrast: str) -> dict[str, Modifier]:
        """The modifiers that the sheet asks for in a contrast, without titles, in the order of the study."""
        asked = {name for row in self.by_group(contrast) for name in row.group_by}
        return {name: one for name, one in untitled(self.study.modifiers).items() if name in asked}

    def by_site(self, step: str, contrast: str) -> list[Analysis]:
        """The primary questions of a step on shares, by weights, that are asked site by site as well."""
        if contrast not in self.study.sites:
            return []
        own = [r for r in self.analyses if (r.step, r.contrast, r.family) == (step, contrast, PRIMARY)]
        own = [r for r in own if may_be_by_site(r)]
        return [r.model_copy(update={"family": "secondary"}) for r in own]

    def anchored(self, step: str, contrast: str) -> list[Analysis]:
        """The primary questions of a step on shares, by weights, that are asked with covariates left out as well."""
        if not self.study.anchors or self.study.contrasts[contrast].randomised:
            return []
        own = [r for r in self.analyses if (r.step, r.contrast, r.family) == (step, contrast, PRIMARY)]
        return [r.model_copy(update={"family": "secondary"}) for r in own if may_be_by_site(r)]

    def of_dose(self) -> OfDose:
        """What the step dose compares beside contrasts, without titles."""
        return OfDose(**{room: untitled(getattr(self.study, room)) for room in OfDose.model_fields})

    def starting(self) -> dict[str, Starting]:
        """The questions on further care that the sheet asks, without titles."""
        asked = {a.contrast for a in self.analyses}
        return {name: one for name, one in untitled(self.study.starting).items() if name in asked}

    def methods(self, contrast: str) -> list[str]:
        """The methods that the sheet asks for in a contrast, sorted."""
        return sorted({a.method for a in self.analyses if a.contrast == contrast})

    def imputes(self, step: str, contrast: str) -> bool:
        """Some analysis of a contrast asks for covariates to be imputed."""
        return any(row.method in IMPUTED for row in self.rows(step, contrast))

    def endpoints_of(self, *kinds: str) -> list[Endpoint]:
        """The endpoints of some kinds that the sheet asks for, without their words."""
        asked = {a.outcome for a in self.analyses}
        found = (e for e in self.endpoints.values() if e.kind in kinds and e.outcome in asked)
        return [_wordless(e) for e in found]

    def asked_for(self, step: str, contrast: str | None = None) -> dict[str, Endpoint]:
        """The endpoints that a step asks for, in a contrast or in all, by outcome and without their words."""
        return self.of_rows(self.rows(step, contrast))

    def tests(self) -> list[AskedTests]:
        """The views of tests that have a use pattern: all tests of each substance that is asked about, and those of
        endpoints that are answered by patterns.
        """
        asked = [e for e in self.endpoints_of(*KINDS) if KINDS[e.kind].about_use or e.kind in OF_PATTERNS]
        whole = [AskedTests(substance=s) for s in sorted({e.substance for e in asked if e.substance}) or [ANY]]
        own = [e.tests for e in asked if e.kind in (*WEEKLY, *OF_PATTERNS)]
        return list({view.model_dump_json(): view for view in (*whole, *own)}.values())

    def follows(self) -> list[str]:
        """What some analysis follows beside events, as the table retention names it; the index level and the episode
        are always among it.
        """
        kinds = set(FOLLOWED) - set(EVENTS)
        asked = {e.followed for e in self.endpoints_of(*kinds)}
        stays = (
            *(d.stay for d in self.study.durations.values()),
            *(one.follows for one in self.study.of_one_arm.values()),
        )
        return sorted({"index", "care", *asked, *stays})

    def definition(self) -> dict[str, Any]:
        """What it takes to say who is eligible, in which arm, and what happened: for the test with invented people."""
        contrasts = untitled(self.study.contrasts)
        study = {"population": self.study.population, "care": self.study.care, "contrasts": contrasts}
        kinds = sorted({e.kind for e in self.endpoints.values()} - set(FOLLOWED))
        # events of the library are tried on invented people whether the sheet asks for them or not
        events = [_wordless(e) for e in self.endpoints.values() if e.kind in EVENTS]
        asked = [*self.endpoints_of(*kinds), *events]
        return {
            **study,
            "rules": list(self.rules),
            "endpoints": asked,
            "horizons": self.horizons(),
            "use": self.study.use,
        }

    def wordless(self) -> dict[str, Endpoint]:
        """The whole library by outcome, without its words."""
        return {outcome: _wordless(e) for outcome, e in self.endpoints.items()}

    def companions(self) -> Companions:
        """Contrasts and outcomes that repeat a question under another rule."""
        asked = {a.outcome for a in self.analyses}
        outcomes = sorted(n for n, e in self.endpoints.items() if e.companion and n in asked)
        return Companions(contrasts=list(self.contrasts(variants=True)), outcomes=outcomes)

    def primary(self) -> dict[str, list[str]]:
        """Outcomes of the primary questions, by contrast."""
        asked: dict[str, set[str]] = {}
        for row in self.analyses:
            if row.family == "primary":
                asked.setdefault(row.contrast, set()).add(row.outcome)
        return {contrast: sorted(outcomes) for contrast, outcomes in sorted(asked.items())}

    def of_rows(self, rows: Iterable[Analysis]) -> dict[str, Endpoint]:
        """The endpoints of some rows, by outcome and without their words."""
        return {o: _wordless(self.endpoints[o]) for o in sorted({r.outcome for r in rows})}

    def alike(self, contrast: str) -> list[Analysis]:
        """The primary questions of a contrast that are asked of cohorts alike; none where none are drawn."""
        if not self.study.alike.replicates:
            return []
        own = [r for r in self.analyses if r.contrast == contrast and r.family == PRIMARY]
        made = self.contrasts().get(contrast)
        return [r for r in own if made is not None and not unable(r, self.endpoints[r.outcome], made)]

    def judged(self, contrast: str | None = None) -> list[Judged]:
        """The questions on which a verdict is given, of a contrast or of all."""
        found = margins.judged(self.contrasts(), self.study.margins, self.analyses, self.endpoints)
        return [one for one in found if contrast in (None, one.contrast)]

    def horizons(self) -> dict[str, list[int]]:
        """The horizons that the sheet asks for, by outcome."""
        asked: dict[str, set[int]] = {}
        for row in self.analyses:
            asked.setdefault(row.outcome, set()).add(row.horizon_days)
        return {outcome: sorted(days) for outcome, days in sorted(asked.items())}

    def remembered(self) -> dict[str, list[int]]:
        """The horizons of outcomes at which a rule for missing answers stands on what was recorded before."""
        asked: dict[str, set[int]] = {}
        for row in self.analyses:
            if row.missing_rule in WITH_HISTORY:
                asked.setdefault(row.outcome, set()).add(row.horizon_days)
        return {outcome: sorted(days) for outcome, days in sorted(asked.items())}

    def lost_by(self) -> int:
        """The last day for which some analysis weighs loss to follow-up; 0 where none does."""
        return max((row.horizon_days for row in self.analyses if row.method in WITH_LOSS), default=0)

    def weighs_loss(self, step: str, contrast: str) -> bool:
        """Some analysis of a contrast weighs loss to follow-up."""
        return any(row.method in WITH_LOSS for row in self.rows(step, contrast))

    def remembers(self, step: str, contrast: str) -> bool:
        """Some analysis of a contrast stands on what was recorded of people before the day of an answer."""
        return any(row.missing_rule in WITH_HISTORY for row in self.rows(step, contrast))

    def arms(self) -> dict[str, list[str]]:
        """The names of the first and the second side of every comparison of two groups."""
        sides = {name: [c.first.name, c.second.name] for name, c in self.study.contrasts.items()}
        two = two_strategies(self.study).items()
        stays = {name: [side.name for side in s.sides] for name, s in two}
        levels = {name: sides[d.contrast] for name, d in self.study.doses.items()}
        return sides | stays | levels | {name: [STAYED, LEFT] for name in self.study.durations}

    def groups(self) -> dict[str, dict[str, str]]:
        """What defines each arm, by contrast and name; arms of the same definition hold the same people but for sites
        that lack another arm. Contrasts under another classifier are companions already.
        """
        return {
            name: {
                arm.name: f"{c.column} of {c.trial or 'all'}: {', '.join(sorted(arm.values))}"
                for arm in (c.first, c.second, *c.further_arms)
            }
            for name, c in self.contrasts().items()
        }

    def smallest_cell(self) -> int:
        """The fewest people that the disclosure policy lets be seen."""
        return policy(self.study).minimum_count

    def in_care(self) -> dict[str, InCare]:
        """Contrasts that divide people by who is in care on a day."""
        durations = {name: InCare(day=d.days) for name, d in self.study.durations.items()}
        stays = {
            name: InCare(day=s.all_left_by, of=s.contrast, arm=s.arm, staying=s.longest, sides=s.days)
            for name, s in self.study.strategies.items()
        }
        return (
            durations
            | stays
            | {name: InCare(day=i.window_days, of=i.contrast) for name, i in self.study.intensities.items()}
        )

    def last_day_of_places(self) -> int:
        """The last day on which some analysis asks where people are; 0 where none does."""
        return max((row.horizon_days for row in self.analyses if self._of_places(row)), default=0)

    def asks_for_places(self, step: str, contrast: str) -> bool:
        """Some analysis of a contrast asks where people are."""
        return any(map(self._of_places, self.rows(step, contrast)))

    def _of_places(self, row: Analysis) -> bool:
        return self.endpoints[row.outcome].kind in OF_PLACES

    def windows(self) -> list[int]:
        """The windows from time zero at whose end dose and use are described: those of durations and intensities."""
        days = {i.window_days for i in self.study.intensities.values()}
        return sorted(days | {d.days for d in self.study.durations.values()})

    def weeks_of_care(self) -> int:
        """Weeks from time zero in which doses of care are described: those that strategies decide which are asked for,
        those up to the day of an outcome of doses or of further care, and those of windows of hours that are weighted,
        with the one after; 0 where none are.
        """
        asked = {row.contrast for row in self.analyses}
        weighted = {row.contrast for row in self.analyses if row.method == GENERALISED_PROPENSITY}
        decided = [one.decided for name, one in self.study.of_one_arm.items() if name in asked]
        longest = {**self.study.doses, **self.study.starting}
        to_the_day = [r.horizon_days // DAYS_PER_WEEK for r in self.analyses if r.contrast in longest]
        windows = [self.study.intensities[name].window_days // DAYS_PER_WEEK + 1 for name in weighted]
        return max([*decided, *to_the_day, *windows], default=0)

    def figures(self) -> list[str]:
        """The figures that this study's analyses can fill."""
        return figures.asked(self.study, self.analyses, self.endpoints)

    def compared(self) -> Compared:
        """What figures need to speak: labels, titles and the confidence level."""
        endpoints = {n: e.model_copy(update={"definition": ""}) for n, e in self.endpoints.items()}
        primary, exploratory, specified = (
            [r for r in self.analyses if r.family == f] for f in (PRIMARY, EXPLORATORY, SPECIFICATION)
        )
        own = {"primary": primary, "exploratory": exploratory, "specified": specified}
        return Compared(**{**self._compared(), **own}, endpoints=endpoints)

    def as_run(self) -> AsRun:
        """The whole study as the report reads it, without passwords."""
        study = self.study
        parts = ("cohort", "care", "adjustment", "imputation", "misclassification")
        own = {n: getattr(study, n) for n in parts}
        told = withheld.study({n: getattr(study.source, n) for n in Origin.model_fields})
        return AsRun(
            **self._compared(),
            **own,
            disclosure=_by_names(study.disclosure),
            endpoints=self.endpoints,
            title=withheld.study(study.title),
            source=Origin(**told),
            eligibility=list(self.rules),
            analyses=list(self.analyses),
            trials=withheld.study({n: t.model_dump() for n, t in self.study.trials.items()}),
        )

    def _compared(self) -> Plain:
        kept = (
            "durations",
            "intensities",
            "strategies",
            "thresholds",
            "starting",
            "doses",
            "specifications",
            "sites",
            "margins",
            "modifiers",
            "population",
            "inference",
            "gate",
        )
        contrasts = {"contrasts": self.contrasts(), "variants": self.contrasts(variants=True)}
        return {**{n: getattr(self.study, n) for n in kept}, **contrasts, "companions": self.companions()}

    def merged(self) -> Plain:
        """The whole study as one plain dict, as it is written beside the results.

        Folders of the machine are left out, so that the same study gives the same file anywhere, and so are passwords:
        queries come without their texts.
        """
        folders = {"data", "results", "cohorts", "analyses", "endpoints", "eligibility"}
        study = self.study.model_dump(mode="json", exclude=folders)
        if self.study.data:
            study["source"]["path"] = None  # named by whoever runs it, and not by the study
        for part, key in ((study["source"], "path"), (study, "truth"), (study, "people")):
            if part[key]:
                part[key] = Path(struck(part[key])).name
        study["disclosure"] = _by_names(self.study.disclosure).model_dump(mode="json")
        study = withheld.study({**study, "source": withheld.source(study["source"])})
        asked, repeated = (
            {n: c.model_dump(mode="json") for n, c in self.contrasts(which).items()} for which in (False, True)
        )
        return {
            **study,
            "contrasts": asked,
            "variants": repeated,
            "companions": self.companions().model_dump(),
            "eligibility": [r.model_dump(mode="json") for r in self.rules],
            "analyses": [a.model_dump(mode="json") for a in self.analyses],
            "endpoints": [e.model_dump(mode="json") for e in self.endpoints.values()],
        }


def _by_names(asked: Disclosure) -> Disclosure:
    """What may leave, with files by their names alone: folders of the machine are no part of the study."""
    sign_off = Path(asked.sign_off).name if asked.sign_off else None
    return asked.model_copy(update={"ledger": [Path(p).name for p in asked.ledger], "sign_off": sign_off})


def policy(study: Study) -> Policy:
    """The disclosure policy of a study. Raises StudyError for a looser rule than the policy's."""
    from iop_outcomes.release.policy import asked

    return asked(study.disclosure)


def untitled(parts: Mapping[str, P]) -> dict[str, P]:
    """Comparisons by name without their titles, which no step before the report reads."""
    return {name: part.model_copy(update={"title": ""}) for name, part in parts.items()}


def _wordless(endpoint: Endpoint) -> Endpoint:
    """An endpoint without its words, which no step before the report reads."""
    return endpoint.model_copy(update={"label": "", "definition": ""})
