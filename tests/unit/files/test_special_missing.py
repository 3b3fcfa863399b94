"""Missing values that a file keeps apart: SPSS user-missing, Stata .a to .z, SAS .A to .Z and ._."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

from iop_outcomes.files import formats, special_missing


def apart(path: Path, **options: object) -> tuple[dict, dict]:
    """The cells of a file, and what it keeps apart."""
    cells = formats.read(path, options)
    return cells.frame.to_dict("list"), {name: values.tolist() for name, values in cells.apart.items()}


def test_letters_of_stata(tmp_path: Path) -> None:
    path = tmp_path / "m.dta"
    frame = pd.DataFrame({"n": [1.0, "a", np.nan, "z"], "d": [1.0, 2.0, 3.0, np.nan], "t": ["a", "", "b", "z"]})
    pyreadstat.write_dta(
        frame, str(path), missing_user_values={"n": ["a", "z"]}, variable_value_labels={"n": {1: "Yes"}}
    )
    cells = {"n": ["1", None, None, None], "d": ["1", "2", "3", None], "t": ["a", None, "b", "z"]}
    # a letter in a column of text is a text
    assert apart(path) == (cells, {"n": [None, ".a", None, ".z"]})
    assert apart(path, labels=True) == ({**cells, "n": ["Yes", None, None, None]}, {"n": [None, ".a", None, ".z"]})


def test_user_missing_values_of_spss(tmp_path: Path) -> None:
    path = tmp_path / "m.sav"
    frame = pd.DataFrame({"n": [1.0, 9.0, 97.0, np.nan, 50.0], "s": ["a", "R", "", "b", "r"], "plain": [9.0] * 5})
    pyreadstat.write_sav(
        frame, str(path), missing_ranges={"n": [9, {"lo": 90, "hi": 99}], "s": ["R"]},
        variable_value_labels={"n": {1: "Yes", 9: "Refused"}, "s": {"R": "Refused"}},
    )  # fmt: skip
    cells = {"n": ["1", None, None, None, "50"], "s": ["a", None, None, "b", "r"], "plain": ["9"] * 5}
    assert apart(path) == (cells, {"n": [None, "9", "97", None, None], "s": [None, "R", None, None, None]})
    labelled = {**cells, "n": ["Yes", None, None, None, "50"]}
    told = {"n": [None, "Refused", "97", None, None], "s": [None, "Refused", None, None, None]}
    assert apart(path, labels=True) == (labelled, told)


def test_letters_of_a_sas_transport_file(tmp_path: Path) -> None:
    """A writer writes a dot for all: the bytes of two are changed, as SAS writes .R and ._."""
    path = tmp_path / "m.xpt"
    frame = pd.DataFrame({"t": ["x", "y", "z", "w"], "n": [1.0, np.nan, np.nan, np.nan], "k": [2.0, np.nan, 3.0, 4.0]})
    for version in (5, 8):
        pyreadstat.write_xport(frame, str(path), file_format_version=version)
        content = bytearray(path.read_bytes())
        missing = b"." + bytes(7)
        found = [at for at in range(len(content)) if content[at : at + 8] == missing][-4:]
        # in the order of rows: n and k of the second, n of the third, n of the fourth
        content[found[0]], content[found[3]] = ord("R"), ord("_")
        path.write_bytes(bytes(content))
        cells, kept = apart(path)
        assert cells == {"t": list("xyzw"), "n": ["1", None, None, None], "k": ["2", None, "3", "4"]}
        assert {name: told[:4] for name, told in kept.items()} == {"n": [None, ".R", None, "._"]}


def test_letters_of_sas_come_as_those_of_stata() -> None:
    """No writer makes a sas7bdat file: the shape in which pyreadstat hands one over is given by hand."""

    class About:
        missing_user_values = {"n": ["A", "_"]}  # noqa: RUF012
        missing_ranges: dict = {}  # noqa: RUF012
        variable_value_labels: dict = {}  # noqa: RUF012

    data = pd.DataFrame({"n": pd.Series([1.0, "A", np.nan, "_"], dtype=object)})
    assert special_missing.found(data, About, labels=False)["n"].tolist() == [None, ".A", None, "._"]
    left = special_missing.without(data, About)["n"]
    assert left.dtype == "float64"
    assert left.isna().tolist() == [False, True, True, True]


def test_a_file_that_keeps_none_apart(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": [1.0, np.nan]})
    pyreadstat.write_dta(frame, str(tmp_path / "m.dta"))
    pyreadstat.write_sav(frame, str(tmp_path / "m.sav"))
    pyreadstat.write_xport(frame, str(tmp_path / "m.xpt"))
    for name in ("m.dta", "m.sav", "m.xpt"):
        assert apart(tmp_path / name) == ({"n": ["1", None]}, {})
