#!/usr/bin/env bash
# pyreadr 0.5.8: R dates that are stored as whole numbers are all read as 1970-01-01.
#
# In R a Date is a number of days; as.integer, seq() by days and several readers store it as an integer vector, which is
# a valid Date: class "Date" over INTSXP. Seen: as.Date(19000:19002) written by saveRDS (bytes below, of R 4.2.2, no
# compression) comes out as three times 1970-01-01; the same dates stored as doubles are right. Fails if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyreadr==0.5.8 'pandas<3'
cd "$folder" && env/bin/python - <<'PY'
import base64

import pyreadr

WHOLE = "WAoAAAACAAQCAgACAwAAAAMTAAAAAQAAAw0AAAADAABKOAAASjkAAEo6AAAEAgAAAAEABAAJAAAABWNsYXNzAAAAEAAAAAEABAAJAAAABERhdGUAAAD+AAAEAgAAAAEABAAJAAAABW5hbWVzAAAAEAAAAAEABAAJAAAAA2RheQAABAIAAAH/AAAAEAAAAAEABAAJAAAACmRhdGEuZnJhbWUAAAQCAAAAAQAEAAkAAAAJcm93Lm5hbWVzAAAADQAAAAKAAAAA/////QAAAP4="
DOUBLE = "WAoAAAACAAQCAgACAwAAAAMTAAAAAQAAAw4AAAADQNKOAAAAAABA0o5AAAAAAEDSjoAAAAAAAAAEAgAAAAEABAAJAAAABWNsYXNzAAAAEAAAAAEABAAJAAAABERhdGUAAAD+AAAEAgAAAAEABAAJAAAABW5hbWVzAAAAEAAAAAEABAAJAAAAA2RheQAABAIAAAABAAQACQAAAAlyb3cubmFtZXMAAAANAAAAAoAAAAD////9AAAEAgAAAf8AAAAQAAAAAQAEAAkAAAAKZGF0YS5mcmFtZQAAAP4="
found = {}
for name, text in (("whole", WHOLE), ("double", DOUBLE)):
    with open(f"{name}.rds", "wb") as file:
        file.write(base64.b64decode(text))
    found[name] = [str(d)[:10] for d in pyreadr.read_r(f"{name}.rds")[None]["day"]]
print("pyreadr 0.5.8 | whole numbers:", found["whole"], "| doubles:", found["double"])
assert found["double"] == ["2022-01-08", "2022-01-09", "2022-01-10"]
assert found["whole"] == ["1970-01-01"] * 3, "the behaviour changed"
PY
