#!/usr/bin/env bash
# pyreadstat 1.3.7: a time of 24 hours and more, in an SPSS file with the display format TIME8, loses its whole days.
#
# A length of time is a valid value of a TIME format: SPSS shows 130500 seconds under TIME8 as 36:15:00. Seen: the reader
# gives datetime.time(12, 15), as if it had been 12:15:00, without a warning; with disable_datetime_conversion=True it
# gives 130500.0, which is right. Minutes of treatment summed from such a column are too few by a day each.
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyreadstat==1.3.7 'pandas<3'
cd "$folder" && env/bin/python - <<'PY'
import datetime

import pandas as pd
import pyreadstat

seconds = 36 * 3600 + 15 * 60
pyreadstat.write_sav(pd.DataFrame({"spent": [float(seconds), 45 * 60.0]}), "t.sav", variable_format={"spent": "TIME8"})
read, _ = pyreadstat.read_sav("t.sav")
plain, _ = pyreadstat.read_sav("t.sav", disable_datetime_conversion=True)
print("pyreadstat", pyreadstat.__version__, "| read:", list(read["spent"]), "| without conversion:", list(plain["spent"]))
assert list(plain["spent"]) == [seconds, 45 * 60]
assert list(read["spent"]) == [datetime.time(12, 15), datetime.time(0, 45)], "the behaviour changed"
PY
