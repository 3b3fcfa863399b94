"""What all parts of a study share: names, shares, and the refusal of unknown keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """A part of the protocol; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
