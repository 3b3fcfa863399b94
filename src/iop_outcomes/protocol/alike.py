"""Of which questions people can be drawn whose truth is known."""

from __future__ import annotations

from iop_outcomes.protocol.rows import Analysis, Endpoint
from iop_outcomes.protocol.study import Contrast
from iop_outcomes.vocabulary.answers import MISSING_IS_USING, NONE, OBSERVED_ONLY
from iop_outcomes.vocabulary.endpoints import LEFT_INDEX, ON_A_DAY, STAYING
from iop_outcomes.vocabulary.measures import MEAN_DAYS, RISK
from iop_outcomes.vocabulary.methods import METHODS, SCORED

READINGS = (NONE, MISSING_IS_USING, OBSERVED_ONLY)


def unable(row: Analysis, endpoint: Endpoint, contrast: Contrast) -> str:
    """Why a question is not asked of drawn people, or ''."""
    if contrast.further_arms:
        return "people are drawn for two arms, and there are more alongside"
    if row.measure not in (RISK, MEAN_DAYS):
        return "outcomes are drawn for shares and mean days, not for what this measures"
    if endpoint.kind not in (*LEFT_INDEX, *STAYING, *ON_A_DAY):
        return "leaving, staying and answers on a day are drawn, not outcomes of this kind"
    method = METHODS[row.method]
    if row.method not in SCORED or method.imputed or method.loss:
        return "methods that stand on a score are tried, without imputation and without weights for loss"
    if row.missing_rule not in READINGS:
        return "what this reading of missing answers leans on is not drawn"
    return ""
