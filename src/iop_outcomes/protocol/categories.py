"""Hours a week in categories, each compared with one that the study names."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from iop_outcomes.protocol.base import Name, Part
from iop_outcomes.protocol.doses import FEWEST
from iop_outcomes.tables import bands


class Categories(Part):
    """Hours a week in categories: none at all, some below the first cut, and from each cut to below the next."""

    cuts: list[Annotated[float, Field(gt=0, le=112)]] = Field(
        default=[3, 6, 9, 20], min_length=1, description="attended hours a week at which categories begin"
    )
    reference: dict[Name, float] = Field(
        default={},
        description="for each arm of the contrast by name: where the category begins that others are compared with; "
        "0: some hours, below the first cut",
    )
    fewest: int = Field(
        default=50, ge=FEWEST, description="a category has a number where so many people in care are in it"
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The categories, fewer hours first."""
        return bands.hours_bands(self.cuts)

    def begins(self, name: str) -> float | None:
        """The hours at which a category begins; None of those without hours."""
        return (None, 0.0, *self.cuts)[self.names.index(name)]

    def compared_with(self, arm: str) -> str:
        """The category that others of an arm are compared with; '' where none is named."""
        if arm not in self.reference:
            return ""
        return self.names[1 + (0.0, *self.cuts).index(self.reference[arm])]

    @model_validator(mode="after")
    def _in_order(self) -> Categories:
        if sorted(set(self.cuts)) != list(self.cuts):
            raise ValueError("`cuts` must rise, each number once")
        if strange := [at for at in self.reference.values() if at not in (0, *self.cuts)]:
            raise ValueError(f"no category begins at {strange[0]:g} hours; name one of `cuts`, or 0, as `reference`")
        return self
