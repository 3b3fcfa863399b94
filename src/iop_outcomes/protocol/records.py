"""Where records come from, how their columns map onto the canonical tables, and what may pass the identifier gate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from iop_outcomes.protocol.base import Name, Part

Kind = Literal["synthetic", "uis", "ctn0094", "help", "tedsd", "tables", "mapping"]


class Allowance(Part):
    """A column that passes the identifier gate although a rule of it speaks against the column."""

    column: str = Field(description="name of the column in the file")
    rule: str = Field(description="name of the rule, as the gate's message gives it")
    reason: str = Field(min_length=10, description="why the column holds no identifier; recorded in the manifest")


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
    citation: str = Field(default="", description="who published the data, for the report")
    note: str = Field(default="", description="what a reader should know of the data, for the report")


__all__ = ["Allowance", "Kind", "Name", "Privacy", "Source"]
