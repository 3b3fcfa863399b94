"""The figures that a study asks for: those that its analyses can fill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iop_outcomes.protocol import Analysis, Endpoint, Study
from iop_outcomes.protocol.rows import PRIMARY
from iop_outcomes.protocol.sites import may_be_by_site
from iop_outcomes.vocabulary.answers import BOUNDS, MISSING_RULES
from iop_outcomes.vocabulary.endpoints import (
    BETWEEN,
    EVENTS,
    LEFT_INDEX,
    OF_PLACES,
    STAYING,
    USE_ON_A_DAY,
    WEEKLY,
    measures,
)
from iop_outcomes.vocabulary.kind import (
    ABSTINENCE,
    CONTRASTS,
    DOSE,
    DOSES,
    DURATIONS,
    RETENTION,
    STARTING,
    STRATEGIES,
    THRESHOLDS,
)
from iop_outcomes.vocabulary.measures import (
    DOSE_RESPONSE,
    HAZARD_RATIO,
    RISE,
    RISK,
    SHARE_IN_PLACE,
    TIME_RATIO,
    WITH_E_VALUE,
)
from iop_outcomes.vocabulary.methods import SCORED

# figures by name, with the measures of the steps or of the kinds of endpoint that fill them; None: always
FIGURES: dict[str, set[tuple[str, str]] | None] = {
    "flow": None,
    "balance": None,
    "overlap": None,
    "staying": {(kind, measure) for kind in STAYING for measure in measures(kind, RETENTION, CONTRASTS)},
    "leaving": {(kind, RISK) for kind in LEFT_INDEX},
    "places": {(kind, SHARE_IN_PLACE) for kind in OF_PLACES},
    "events": {(kind, RISK) for kind in EVENTS},
    "hazards": {(RETENTION, HAZARD_RATIO)},
    "abstinence": {(ABSTINENCE, RISK)},
    "missing": {(ABSTINENCE, RISK)},
    "tipping": {(ABSTINENCE, RISK)},
    "weekly": {(kind, measure) for kind in WEEKLY for measure in measures(kind, ABSTINENCE, CONTRASTS)},
    "patterns": {(kind, measure) for kind in WEEKLY for measure in measures(kind, ABSTINENCE, CONTRASTS)},
    "free_of_use": {(kind, TIME_RATIO) for kind in BETWEEN},
    "duration": {(DURATIONS, HAZARD_RATIO), (DURATIONS, RISK)},
    "strategies": {(STRATEGIES, RISK), (STARTING, RISK)},
    "thresholds": {(THRESHOLDS, RISE)},
    "doses": {(DOSES, RISK)},
    "intensity": {(DOSE, DOSE_RESPONSE)},
    "completeness": None,
    "maturity": None,
    "agreement": None,
    "hours": None,
    "transitions": None,
    "for_whom": {(ABSTINENCE, RISK)},
    "specifications": {(step, RISK) for step in (RETENTION, ABSTINENCE)},
    "unmeasured": {(step, measure) for step in (RETENTION, ABSTINENCE) for measure in WITH_E_VALUE},
    "sites": {(step, RISK) for step in (RETENTION, ABSTINENCE)},
    "known": {(kind, RISK) for kind in (*USE_ON_A_DAY, *LEFT_INDEX)},
}


def asked(study: Study, analyses: Sequence[Analysis], endpoints: Mapping[str, Endpoint]) -> list[str]:
    """The figures that a study's analyses can fill."""
    rows = [a for a in analyses if _may_fill(study, a)]
    rooms = {
        name: room for room in (DURATIONS, STRATEGIES, THRESHOLDS, STARTING, DOSES) for name in getattr(study, room)
    }
    outcomes = {
        (of, a.measure) for a in rows for of in (a.step, endpoints[a.outcome].kind, rooms.get(a.contrast, CONTRASTS))
    }
    rules = {MISSING_RULES[a.missing_rule] for a in rows}
    further = any(not r.counts or r.name in BOUNDS for r in rules)
    shifted = any(r.shifted for r in rules)
    by_weights = any(_judged(study, a) for a in rows)
    needs = (
        ("missing", further), ("tipping", shifted), ("specifications", bool(study.specifications)),
        ("for_whom", any(row.group_by for row in rows)),
        ("unmeasured", by_weights), ("sites", any(r.contrast in study.sites and _by_site(r) for r in rows)),
    )  # fmt: skip
    unasked = [name for name, there in needs if not there]
    whole = () if study.inference.hazard_cuts_days else ("hazards",)  # one ratio over all days makes no plot
    without = (*whole, *unasked)
    return [n for n, fills in FIGURES.items() if (fills is None or outcomes & fills) and n not in without]


def _by_site(row: Analysis) -> bool:
    """A primary answer that sites have as well."""
    return row.family == PRIMARY and may_be_by_site(row)


def _judged(study: Study, row: Analysis) -> bool:
    """A primary answer of arms that chance did not form, which an unmeasured confounder could explain away."""
    contrast = study.contrasts.get(row.contrast)
    return row.family == PRIMARY and row.method in SCORED and contrast is not None and not contrast.randomised


def _may_fill(study: Study, row: Analysis) -> bool:
    asked = study.contrasts.get(row.contrast) or study.intensities.get(row.contrast)
    return getattr(asked, "required", True)
