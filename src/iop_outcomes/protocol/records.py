"""Where records come from, how their columns map onto the canonical tables, and what may pass the identifier gate."""

from __future__ import annotations

from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from iop_outcomes.protocol.base import Name, Part, Words
from iop_outcomes.protocol.mapping import Code, Dates, Enrolment, TableMapping, check_date_format
from iop_outcomes.protocol.mapping_checks import problem
from iop_outcomes.tables.canonical import CANONICAL

Kind = Literal["synthetic", "uis", "ctn0094", "help", "tedsd", "tables", "mapping"]

# sources of which everyone may see every record: invented people, and files that were published
PUBLIC = ("synthetic", "uis", "ctn0094", "help", "tedsd")


class Allowance(Part):
    """A column that passes the identifier gate although a rule of it speaks against the column."""

    column: str = Field(description="name of the column in the file")
    rule: str = Field(description="name of the rule, as the gate's message gives it")
    reason: Words = Field(min_length=10, description="why the column holds no identifier; recorded in the manifest")


class Privacy(Part):
    """What the study may hold about people."""

    limited_dataset: bool = Field(
        default=False, description="dates of service may come in (a limited data set, 45 CFR 164.514(e))"
    )
    allow: list[Allowance] = Field(default=[], description="columns that pass the identifier gate for a reason")


class Source(Part):
    """Where records come from."""

    kind: Kind = Field(description="how they are read")
    path: str | None = Field(default=None, description="file or folder; `data` in config.yaml or DATA= takes its place")
    people: int = Field(default=4000, ge=100, description="synthetic only: people simulated")
    sites: int = Field(default=40, ge=2, description="synthetic only: sites simulated")
    seed: int = Field(default=20260101, ge=0, description="seed of the simulation (synthetic) or the sample (tedsd)")
    scenario: Literal["base", "setting_direct_harm", "hetero_severity", "unmeasured_U"] = Field(
        default="base", description="synthetic only: scenario of the simulation"
    )
    services: list[Literal[1, 2, 3, 4, 5, 6, 7, 8]] = Field(
        default=[3, 4, 5, 6, 7], min_length=1, description="tedsd only: services that come in, by SAMHSA's code"
    )
    years: list[int] = Field(default=[], description="tedsd only: years of discharge that come in; empty for all")
    sample: int | None = Field(default=None, ge=1, description="tedsd only: size of a random sample; empty for all")
    outpatient_extra_day: Literal["counted", "removed"] = Field(
        default="counted", description="tedsd only: the day that SAMHSA adds to outpatient stays"
    )
    cache: str | None = Field(
        default=None, description="tedsd only: private folder for typed copies of the files, which are read faster"
    )
    screens: Literal["weekly_pattern", "tests"] = Field(
        default="weekly_pattern",
        description="ctn0094 only: CTNote's weekly pattern of opioids, or tests by substance on their own days",
    )
    citation: Words = Field(default="", description="who published the data, for the report")
    note: Words = Field(default="", description="what a reader should know of the data, for the report")

    database: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="mapping only: name of the environment variable that holds the database's URL; never the URL",
    )
    dates: Dates = Field(
        default="relative",
        description="mapping only: `calendar`, and day 0 is found; `relative`: whole days from the person's day 0",
    )
    date_format: str | None = Field(
        default=None,
        description="mapping only: how dates are written beside ISO 8601, such as %m/%d/%Y; `iso`: no other way",
    )
    time_zone: str | None = Field(
        default=None, description="mapping only: IANA zone; timestamps with an offset become dates there"
    )
    extract_date: date | None = Field(
        default=None, description="mapping only: last day that the export covers; records end there"
    )
    enrolment: Enrolment = Field(default=Enrolment(), description="mapping only: admissions that belong to the cohort")
    day_zero: Literal["first_treatment"] = Field(
        default="first_treatment",
        description="mapping only, calendar dates: start of the first stay within the enrolment that is not "
        "detoxification; earlier stays get negative days and serve the washout",
    )
    missing_values: list[Code] = Field(default=[], description="mapping only: texts that mean missing in any column")
    as_written: list[str] = Field(
        default=[],
        description="mapping and tables: canonical columns (`person_id`, `stays.site_id`) whose cells are taken as "
        "they are written: 01 and 1, or a and A, are two; elsewhere one value written two ways is one",
    )
    tables: dict[str, TableMapping] = Field(
        default={}, description="mapping only: canonical table: where it comes from"
    )

    _format = field_validator("date_format")(check_date_format)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        try:
            if name is not None:
                ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError("no time zone has this name; expected one such as America/Chicago") from None
        return name

    @field_validator("as_written")
    @classmethod
    def _known_columns(cls, names: list[str]) -> list[str]:
        known = {n for t in CANONICAL for c in t.columns for n in (c, f"{t.name}.{c}")}
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"{', '.join(unknown)}: no canonical column; expected such as person_id or stays.site_id")
        return names

    @model_validator(mode="after")
    def _mapping(self) -> Source:
        if self.kind != "mapping":
            if self.tables or self.database:
                raise ValueError("`tables` and `database` are for `kind: mapping`")
            return self
        said = self._wrong_dates() or self._wrong_origins()
        for name, mapped in self.tables.items():
            said = said or problem(name, mapped, self.dates, self._derived(name))
        if said:
            raise ValueError(said)
        return self

    def _derived(self, table: str) -> set[str]:
        """Required columns that need not be mapped: they follow from others."""
        observed = {"observed_to_day"} if self.extract_date else set()
        return {"stays": {"stay_id"}, "persons": observed}.get(table, set())

    def _wrong_dates(self) -> str | None:
        if self.dates == "calendar":
            return None
        given = {
            "date_format": self.date_format,
            "extract_date": self.extract_date,
            "enrolment": self.enrolment.from_ or self.enrolment.to,
            "time_zone": self.time_zone,
        }
        named = [f"`{key}`" for key, value in given.items() if value]
        return f"{', '.join(named)}: only with `dates: calendar`" if named else None

    def _wrong_origins(self) -> str | None:
        lacking = [name for name in ("stays", "persons") if name not in self.tables]
        if lacking:
            return f"`tables` needs {' and '.join(lacking)}; persons may come from the same file as stays"
        queries = [name for name, mapped in self.tables.items() if mapped.query]
        if queries and not self.database:
            return f"{', '.join(queries)}: a query needs `database`, the environment variable that holds the URL"
        return None


__all__ = ["Allowance", "Kind", "Name", "Privacy", "Source"]
