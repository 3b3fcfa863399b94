"""Number formats of Excel: which cells are dates, moments, lengths of time, and which are numbers."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from iop_outcomes.files import formats

SERIAL = 45296.4375  # 2024-01-05 10:30
# formats by code, as Excel writes them in English, German, Japanese and other languages
DATES = (
    *(
        "m/d/yy",
        "d-mmm-yy",
        "d-mmm",
        "mmm-yy",
        "m/d/yy h:mm",
        "yyyy-mm-dd",
        r"yyyy\-mm\-dd",
        "dd/mm/yyyy;@",
        "dd.mm.yyyy",
    ),
    *(
        "[$-409]d-mmm-yy;@",
        r"[$-F800]dddd\,\ mmmm\ dd\,\ yyyy",
        "[$-en-US]mmmm d, yyyy;@",
        "[Blue]yyyy-mm-dd",
        "yyyymmdd",
    ),
    *("yyyy", "yy", "mmmm", "mmmmm", "dddd", "ddd", "d", "m", "DD-MMM-YY", "Y/M/D", "b2dd/mm/yyyy", "[$-411]ge.m.d"),
    *(
        '[$-411]ggge"年"m"月"d"日"',
        "e/m/d",
        r"[ENG][$-409]d\-mmm",
        "[DBNum1]yyyy",
        "dd.mm.yyyy hh:mm",
        "mm/dd/yyyy h:mm AM/PM",
    ),
    *("h:mm", "h:mm:ss", "h:mm AM/PM", "mm:ss", "mm:ss.0", "hh", r"[$-F400]h:mm:ss\ AM/PM"),
)
LENGTHS = (
    *("[h]:mm", "[h]:mm:ss", "[hh]:mm", "[m]", "[mm]:ss", "[s]", "[ss].00", "[H]:MM", '[h]"h" mm"m"', "[hh]:mm:ss.000"),
)
NUMBERS = (
    *(
        "General",
        "0",
        "0.00",
        "#,##0",
        "0%",
        "0.00E+00",
        "# ?/?",
        "@",
        '"Day "0',
        '0" days"',
        r"0\d",
        "[Red]0",
        "[Color10]0",
    ),
    *(
        "[$$-409]#,##0.00",
        "[$€-407]#,##0",
        r'#,##0.00\ "DM"',
        "_-* #,##0.00 _D_M_-",
        '"Q"0',
        "General;General",
        '0 "hours"',
    ),
)
# formats by number: ECMA-376 part 1, 18.8.30, those of Japanese, Chinese and Korean among them
BUILT_IN = {
    "2024-01-05T10:30:00": (*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)),
    "1087114:30:00": (46,),
    "45296.4375": (*range(14), *range(37, 45), 48, 49),
}


def write(path: Path, codes: list[str], *values: float, mac: bool = False) -> dict[str, list[str | None]]:
    """The texts of cells with such values, by format."""
    book = openpyxl.Workbook()
    if mac:
        book.epoch = CALENDAR_MAC_1904
    book.active.append([f"c{i}" for i in range(len(codes))])
    for value in values:
        book.active.append([value] * len(codes))
    for row in book.active.iter_rows(min_row=2):
        for cell, code in zip(row, codes, strict=True):
            cell.number_format = code
    book.save(path)
    return dict(zip(codes, formats.read(path).frame.to_dict("list").values(), strict=True))


@pytest.mark.parametrize("mac", [False, True])
def test_a_cell_is_what_its_number_format_says(tmp_path: Path, mac: bool) -> None:
    read = write(tmp_path / "x.xlsx", [*DATES, *LENGTHS, *NUMBERS], SERIAL - 1462 * mac, mac=mac)
    assert {code: read[code] for code in DATES} == {code: ["2024-01-05T10:30:00"] for code in DATES}
    assert {code: read[code] for code in LENGTHS} == {code: [f"{1087114 - 35088 * mac}:30:00"] for code in LENGTHS}
    assert {code: read[code] for code in NUMBERS} == {code: [str(SERIAL - 1462 * mac)] for code in NUMBERS}


def test_formats_that_have_a_number(tmp_path: Path) -> None:
    numbers = [n for ids in BUILT_IN.values() for n in ids]
    write(tmp_path / "x.xlsx", [f'"x{n}"0' for n in numbers], SERIAL)
    with zipfile.ZipFile(tmp_path / "x.xlsx") as book:
        parts = {name: book.read(name) for name in book.namelist()}
    styles = parts["xl/styles.xml"].decode()
    by_own = dict(re.findall(r'<numFmt numFmtId="(\d+)" formatCode="&quot;x(\d+)&quot;0"', styles))
    styles = re.sub("<numFmts.*?</numFmts>", "", styles)
    styles = re.sub(r'numFmtId="(\d+)"', lambda m: f'numFmtId="{by_own.get(m[1], m[1])}"', styles)
    with zipfile.ZipFile(tmp_path / "y.xlsx", "w") as book:
        for name, content in {**parts, "xl/styles.xml": styles.encode()}.items():
            book.writestr(name, content)
    read = dict(zip(numbers, formats.read(tmp_path / "y.xlsx").frame.iloc[0], strict=True))
    assert read == {n: text for text, ids in BUILT_IN.items() for n in ids}


@pytest.mark.parametrize("mac", [False, True])
def test_more_than_a_day_in_a_format_of_times_is_a_length_among_times(tmp_path: Path, mac: bool) -> None:
    read = write(tmp_path / "x.xlsx", ["h:mm", "[h]:mm", "[<1]h:mm;[h]:mm"], 0.0625, 1.510416666666667, 0, mac=mac)
    for texts in read.values():
        assert texts == ["01:30:00", "36:15:00", "00:00:00"]
    # where real dates stand beside times, a cell of the first days of the count is not guessed at
    assert write(tmp_path / "x.xlsx", ["h:mm"], 0.0625, 45296)["h:mm"] == ["01:30:00", "2024-01-05"]
