#!/usr/bin/env bash
# pyreadstat 1.3.7: blank last rows of a text-only SAS transport file of version 5 vanish, without a warning.
#
# The format pads its last record of 80 bytes with blanks, so that a blank row at the end cannot be told from padding.
# Seen: a table of 83 rows of one text column of one character, of which the last 80 are empty, is written by the package
# itself and read back with 3 rows; pandas reads 80 of the same bytes. No number of rows stands in the header to compare
# with, so a study that counts people must count them in the source. Fails if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyreadstat==1.3.7 'pandas==2.3.3'
cd "$folder" && env/bin/python - <<'PY'
import pandas as pd
import pyreadstat

written = pd.DataFrame({"sex": ["f", "m", "f"] + [""] * 80})
pyreadstat.write_xport(written, "t.xpt", file_format_version=5)
read, _ = pyreadstat.read_xport("t.xpt")
other = pd.read_sas("t.xpt", format="xport")
print("pyreadstat", pyreadstat.__version__, "| written:", len(written), "| read:", len(read), "| pandas", pd.__version__,
      "reads:", len(other))
assert (len(written), len(read), len(other)) == (83, 3, 80), "the behaviour changed"
PY
