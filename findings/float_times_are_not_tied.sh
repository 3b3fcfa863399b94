#!/usr/bin/env bash
# lifelines 0.30.3, scikit-survival 0.28.0, statsmodels 0.15.0: event times that differ by rounding only are not tied.
#
# Times come from subtraction: 30.5 - 30.2 and 40.5 - 40.2 are both 0.3, and as doubles they differ in the last digits.
# R's survival ties them (its option timefix, from version 2.41 on). Seen: three such events are one drop of the
# Kaplan-Meier curve in none of the three packages (lifelines and scikit-survival list three event times, statsmodels
# too), and a Cox coefficient with ties after Efron changes its sign between the times as computed and the same times
# rounded. Fails if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check lifelines==0.30.3 scikit-survival==0.28.0 \
  statsmodels==0.15.0
cd "$folder" && env/bin/python - <<'PY'
import lifelines
import numpy as np
import pandas as pd
import sksurv
import statsmodels
from lifelines import CoxPHFitter, KaplanMeierFitter
from sksurv.nonparametric import kaplan_meier_estimator
from statsmodels.duration.survfunc import SurvfuncRight

days = np.array([40.5 - 40.2, 0.3, 30.5 - 30.2, 0.8, 0.9, 1.1])
event = np.array([1, 1, 1, 1, 1, 0])
x = np.array([0.0, 2.0, 2.0, 2.0, 2.0, 1.0])
rounded = days.round(9)
assert len(set(days[:3])) == 3 and len(set(rounded[:3])) == 1


def times(t):
    km = KaplanMeierFitter().fit(t, event)
    return (
        int((km.event_table["observed"] > 0).sum()),
        len([s for s in kaplan_meier_estimator(event.astype(bool), t)[0] if s < 1]),
        len(SurvfuncRight(t, event).surv_times),
    )


def cox(t):
    frame = pd.DataFrame({"t": t, "e": event, "x": x})
    return float(CoxPHFitter().fit(frame, "t", "e").params_["x"])


print(f"lifelines {lifelines.__version__}, scikit-survival {sksurv.__version__}, statsmodels {statsmodels.__version__}")
print("event times (lifelines, scikit-survival, statsmodels) as computed", times(days), "and rounded", times(rounded))
print("Cox coefficient of lifelines as computed", round(cox(days), 4), "and rounded", round(cox(rounded), 4))
assert times(rounded) == (3, 3, 3)
assert times(days) == (5, 5, 5), "the behaviour changed"
assert cox(days) < -0.1 and cox(rounded) > 0.1, "the behaviour changed"
PY
