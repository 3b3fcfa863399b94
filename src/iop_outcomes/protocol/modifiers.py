"""For whom does it hold: groups of the people compared by what was known of them at the start, named beforehand."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from iop_outcomes.protocol.base import Name, Part, Words


class Modifier(Part):
    """One covariate by whose groups an effect may differ."""

    column: Name = Field(description="a covariate of `adjustment`")
    title: Words = Field(description="what the groups differ in, as a reader sees it")
    thirds: bool = Field(default=False, description="of a number: thirds of the people compared, the lowest first")
    cuts: list[float] = Field(
        default=[],
        description="of a number: where a group begins, such as [18, 26] for adolescents, young adults and others",
    )
    family: Literal["prespecified", "exploratory"] = Field(
        default="prespecified",
        description="prespecified: its test counts among the prespecified ones of a question (Holm); exploratory: "
        "among the others, by their rate of false discoveries (Benjamini-Hochberg)",
    )
    fewest: int = Field(default=20, ge=20, description="people of each arm that a group must have to be estimated")

    @model_validator(mode="after")
    def _one_way(self) -> Modifier:
        if self.thirds and self.cuts:
            raise ValueError("`thirds` and `cuts` are two ways to group a number: keep one")
        if sorted(set(self.cuts)) != self.cuts:
            raise ValueError("`cuts` rise from one to the next: each is where a group begins")
        return self
