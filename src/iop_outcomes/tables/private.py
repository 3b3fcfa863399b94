"""All tables about single people that pass between steps. They never leave `results/<cohort>/private/`."""

from __future__ import annotations

from iop_outcomes.tables.baseline import ARMS, ATTRITION, COVARIATES, GATES, PEOPLE, SCORES
from iop_outcomes.tables.doses import DOSES
from iop_outcomes.tables.intake import ARRIVALS, EPISODES, EPISODES_BY_GAP, INTAKE, QUARANTINE
from iop_outcomes.tables.onward import ONWARD
from iop_outcomes.tables.outcomes import ABSTINENCE, AMOUNTS, COURSE, DOSE, FIRST_USE, HISTORY, RETENTION
from iop_outcomes.tables.places import PLACES
from iop_outcomes.tables.readings import READINGS
from iop_outcomes.tables.use_patterns import USE_PATTERNS

PRIVATE = (
    QUARANTINE, ARRIVALS, INTAKE, EPISODES, EPISODES_BY_GAP, PEOPLE, ARMS, COVARIATES, ATTRITION,
    RETENTION, ABSTINENCE, HISTORY, COURSE, FIRST_USE, AMOUNTS, DOSE, DOSES, ONWARD, PLACES, USE_PATTERNS, SCORES,
    GATES, READINGS,
)  # fmt: skip
