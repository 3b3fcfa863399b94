"""What all parts of a study share: names, shares, and the refusal of unknown keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Share = Annotated[float, Field(ge=0, le=1)]

# what a gap counts, wherever one is told: 14 from a discharge on the 1st to an admission on the 15th
GAP = "from the last day of one to the first day of the next"


class Part(BaseModel):
    """A part of the protocol; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
