"""Turn the columns of one file into what may leave: pseudonyms, shifted or relative dates, ages, three-digit ZIP codes.

`first_days` finds each person's first date in a file; `apply` makes the columns of the output, in the order of the
file, and tells for each what became of it and how many cells it had. Rows keep their number and their order. A date of
a row without a person is left out, as nothing says by how much to shift it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from iop_outcomes.privacy.deidentify import dates
from iop_outcomes.privacy.deidentify.keys import Key
from iop_outcomes.privacy.deidentify.roles import Options, Role
from iop_outcomes.privacy.identifiers.names import words
from iop_outcomes.privacy.identifiers.rules import small_prefixes
from iop_outcomes.privacy.identifiers.scan import by_name
from iop_outcomes.privacy.shifted import ENTRY_PERIOD, OBSERVED_TO, Dates

if TYPE_CHECKING:
    import pandas as pd

OLDEST, CAP = 120, 90
EPOCH = date(1970, 1, 1)
# the share of the cells of a column that must be readable as what it is taken for
READABLE = 0.5
AGE, PERSON, OTHER, ZIP3 = "age_at_first_record", "person_id", "other_id", "zip3"


@dataclass(frozen=True)
class Outcome:
    """What became of a column: words without values, and the cells that were not missing in it. moved: the name of the
    column as it is written, where its dates moved.
    """

    column: str
    became: str
    cells: int
    moved: str = ""


@dataclass(frozen=True)
class Setting:
    """What all files share: the key, the options, and each person's first date (days since 1970-01-01)."""

    key: Key
    options: Options
    first: Mapping[str, float]


def serials(options: Options) -> list[str]:
    """The columns that are said to hold Excel's serial numbers."""
    return [column for column, form in options.dates.items() if form == dates.EXCEL]


def identifiers(values: pd.Series) -> pd.Series:
    """Identifiers as text, without what a program adds to a number (1001.0 is 1001); missing ones as None."""
    import pandas as pd

    from iop_outcomes.spelling import people

    def text(value: object) -> str:
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()

    codes, distinct = pd.factorize(values)
    known = [value or None for value in people.plain(f"'{values.name}'", [text(value) for value in distinct])]
    return pd.Series([known[code] if code >= 0 else None for code in codes], index=values.index, dtype=object)


def person(frame: pd.DataFrame, roles: Sequence[Role]) -> pd.Series:
    """The identifier of the person of each row, as text."""
    return identifiers(frame[next(role.column for role in roles if role.kind == "person")])


def read_dates(frame: pd.DataFrame, role: Role, file: str, options: Options) -> pd.Series | None:
    """A column as days since 1970-01-01; None where most of its cells are no dates."""
    found = dates.days(frame[role.column], f"{file}, '{role.column}'", options.dates.get(role.column))
    cells = int(frame[role.column].notna().sum())
    return found if found.notna().sum() >= READABLE * cells or role.why == "as asked" else None


def first_days(frame: pd.DataFrame, roles: Sequence[Role], file: str, options: Options) -> pd.Series:
    """The earliest date of each person in a file, without birth dates, by identifier."""
    import pandas as pd

    who = person(frame, roles)
    found = [read_dates(frame, role, file, options) for role in roles if role.kind == "date"]
    known = [days for days in found if days is not None]
    if not known:
        return pd.Series(dtype="float64")
    return pd.concat(known, axis=1).min(axis=1).groupby(who).min().dropna()


def apply(
    frame: pd.DataFrame, roles: Sequence[Role], file: str, setting: Setting
) -> tuple[pd.DataFrame, list[Outcome]]:
    """The output of one file, and what became of each column."""
    import pandas as pd

    who = person(frame, roles)
    made: dict[str, pd.Series] = {}
    outcomes = []
    for role in roles:
        name, values, became = MAKE[role.kind](frame, role, _Row(who, file, setting, made))
        if values is not None:
            made[name] = values
        moved = name if role.kind == "date" and values is not None else ""
        outcomes.append(Outcome(role.column, became, int(frame[role.column].notna().sum()), moved))
    for name, values, became, moves in _carried(_Row(who, file, setting, made)):
        made[name] = values
        outcomes.append(Outcome(name, became, int(values.notna().sum()), name if moves else ""))
    return pd.DataFrame(made, index=frame.index), outcomes


def _carried(row: _Row) -> Iterator[tuple[str, pd.Series, str, bool]]:
    """Columns that no file has: name, values, what they are, and whether they are moved dates."""
    setting = row.setting
    if setting.options.extract is not None:
        last = (setting.options.extract - EPOCH).days
        days = row.who.notna().map({True: float(last), False: float("nan")}).astype("float64")
        values, how = _moved(days, row)
        yield row.free(OBSERVED_TO[how]), values, f"the end of observation of each person, {how}", True
    if setting.options.entry_period:
        first = row.who.map(setting.first).astype("float64")
        told = dates.period(first, setting.options.entry_period)
        yield row.free(ENTRY_PERIOD), told, f"the {setting.options.entry_period} of the person's first date", False


def _moved(days: pd.Series, row: _Row) -> tuple[pd.Series, Dates]:
    """Days since 1970-01-01 as they are written: shifted dates, or days from the person's first date."""
    setting = row.setting
    if setting.options.relative:
        return (days - row.who.map(setting.first).astype("float64")).astype("Int64"), "relative"
    shifts = {name: setting.key.shift(name) for name in row.who.dropna().unique()}
    return dates.as_text(days + row.who.map(shifts).astype("float64")), "shifted"


@dataclass(frozen=True)
class _Row:
    """What a column is made with: the person of each row, the file, what files share, and the columns before it."""

    who: pd.Series
    file: str
    setting: Setting
    made: Mapping[str, pd.Series]

    def free(self, name: str) -> str:
        """The name, or the name with a number, so that no two columns are called the same."""
        number = 1
        while (name if number == 1 else f"{name}_{number}") in self.made:
            number += 1
        return name if number == 1 else f"{name}_{number}"


Made = tuple[str, "pd.Series | None", str]


def _person(frame: pd.DataFrame, role: Role, row: _Row) -> Made:
    name = row.free(PERSON if by_name(role.column) else role.column)
    return name, _pseudonyms(row.who, "person", row.setting.key), _said(role, name, "pseudonyms of persons")


def _identifier(frame: pd.DataFrame, role: Role, row: _Row) -> Made:
    name = row.free(OTHER if by_name(role.column) else role.column)
    values = _pseudonyms(identifiers(frame[role.column]), words(role.column), row.setting.key)
    return name, values, _said(role, name, "pseudonyms")


def _pseudonyms(values: pd.Series, domain: str, key: Key) -> pd.Series:
    return values.map({value: key.pseudonym(domain, value) for value in values.dropna().unique()}).astype(object)


def _date(frame: pd.DataFrame, role: Role, row: _Row) -> Made:
    setting = row.setting
    days = read_dates(frame, role, row.file, setting.options)
    if days is None:
        return "", None, "dropped: most cells are no dates that can be read (say how with --date COLUMN=FORMAT)"
    lost = int((frame[role.column].notna() & (days.isna() | row.who.isna())).sum())
    values, how = _moved(days, row)
    became = {"relative": "days from the person's first date", "shifted": "dates, shifted"}[how]
    name = row.free(role.column)
    return name, values, became + (f" ({lost} cells that are no dates, or have no person, left empty)" if lost else "")


def _birth(frame: pd.DataFrame, role: Role, row: _Row) -> Made:
    born = read_dates(frame, role, row.file, row.setting.options)
    if born is None or not row.setting.first:
        reason = "most cells are no dates that can be read" if born is None else "no other dates to count an age from"
        return "", None, f"dropped: birth dates, and {reason}"
    age = dates.years_between(born, row.who.map(row.setting.first).astype("float64"))
    capped = age.where((age >= 0) & (age <= OLDEST)).clip(upper=CAP).astype("Int64")
    name = row.free(AGE)
    return name, capped, f"age in years at the person's first record, 90 for 90 or older, as '{name}'"


def _age(frame: pd.DataFrame, role: Role, row: _Row) -> Made:
    import pandas as pd

    values = frame[role.column]
    if pd.api.types.is_numeric_dtype(values.dtype):
        old = ((values >= CAP) & (values <= OLDEST)).fillna(False)
        capped = values.mask(old, CAP)
    else:
        years = pd.to_numeric(values.astype("string").str.extract(r"^\s*([0-9]+(?:\.[0-9]*)?)")[0], errors="coerce")
        old = ((years >= CAP) & (years <= OLDEST)).fillna(False)
        capped = values.mask(old, str(CAP))
    return row.free(role.column), capped, f"ages, 90 for 90 or older ({int(old.sum())} cells)"


def _zip(frame: pd.DataFrame, role: Role, row: _Row) -> Made:
    import pandas as pd

    text = identifiers(frame[role.column]).astype("string")
    if pd.api.types.is_numeric_dtype(frame[role.column].dtype) or _without_zeros(text):
        # numbers have lost their leading zeros
        text = text.str.zfill(3 if (text.str.len() <= 3).all() else 5)
    prefix = text.str.extract(r"^([0-9]{3})(?:[0-9]{2}(?:[- ]?[0-9]{4})?)?$")[0]
    if prefix.notna().sum() < READABLE * text.notna().sum():
        return "", None, "dropped: ZIP codes among other things"
    values = prefix.mask(prefix.isin(small_prefixes()), "000").astype(object)
    name = row.free(ZIP3)
    return name, values, f"three-digit ZIP codes, '000' where 20,000 people or fewer live, as '{name}'"


def _without_zeros(text: pd.Series) -> bool:
    """ZIP codes that a program took for numbers before they were written as text: four digits, and no zero leads."""
    return bool(text.str.fullmatch("[1-9][0-9]{3}").any() and not text.str.startswith("0").any())


def _keep(frame: pd.DataFrame, role: Role, row: _Row) -> Made:
    against = (
        f", although it looks like {', '.join(role.found)}: the gate will ask for an allowance" if role.found else ""
    )
    return row.free(role.column), frame[role.column], f"kept{' as asked' if role.why else ''}{against}"


def _drop(frame: pd.DataFrame, role: Role, row: _Row) -> Made:
    return "", None, f"dropped: {role.why}"


def _said(role: Role, name: str, became: str) -> str:
    return became if name == role.column else f"{became}, as '{name}'"


MAKE: dict[str, Callable[[pd.DataFrame, Role, _Row], Made]] = {
    "person": _person, "identifier": _identifier, "date": _date, "birth": _birth, "age": _age, "zip": _zip,
    "keep": _keep, "drop": _drop,
}  # fmt: skip
