"""Times that differ by rounding only, against R's survival with its `timefix`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from iop_outcomes.estimators.cox.cox import CoxFit, cox
from iop_outcomes.estimators.cox.logrank import logrank
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.estimators.survival.concordance import concordance
from iop_outcomes.estimators.survival.cumulative_hazard import nelson_aalen

REFERENCE = json.loads((Path(__file__).parent / "references" / "same_times.json").read_text())
V, AT = REFERENCE["values"], REFERENCE["at"]
FEW, D = ({key: np.array(v, dtype=float) for key, v in REFERENCE[name].items()} for name in ("few", "data"))


def model(fit: CoxFit) -> list[float]:
    return [float(fit.estimate.value[0]), float(fit.information[0, 0] ** -0.5)]


def test_cox_regression(agree: Any) -> None:
    found = model(cox(FEW["x"][:, None], FEW["time"], FEW["event"], ["x"]))
    agree(found, [V["few_tied"]["value"], V["few_tied"]["se"]], 1e-9)
    # the sign of the coefficient is another where rounding decides who was first
    assert found[0] * V["few_apart"]["value"] < 0
    for name, options in (("efron", {}), ("breslow", {"ties": "breslow"}), ("late", {"entry": D["entry"]})):
        fit = cox(D["x"][:, None], D["time"], D["event"], ["x"], **options)
        agree(model(fit), [V[name]["value"], V[name]["se"]], 1e-8)


def test_curves(agree: Any) -> None:
    event, cause = D["event"], D["cause"]
    agree(cuminc.survival(D["time"], event, AT).value, V["survival"], 1e-12)
    agree(cuminc.survival(D["time"], event, AT, entry=D["entry"]).value, V["survival_late"], 1e-12)
    agree(cuminc.cumulative_incidence(D["time"], cause, 1, AT).value, V["incidence"], 1e-12)
    agree(nelson_aalen(D["time"], event, 1, AT).value, V["nelson_aalen"], 1e-12)
    agree(cuminc.restricted_mean(D["time"], event, 0.7).value, V["restricted_mean"], 1e-12)


def test_log_rank_and_concordance(agree: Any) -> None:
    agree(logrank(D["time"], D["event"], D["group"]).statistic, V["logrank"], 1e-9)
    found = concordance(D["x"], D["time"], D["event"]).estimate
    agree([*found.value, *found.standard_error()], V["concordance"], 1e-9)
