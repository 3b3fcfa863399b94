"""What all parts of a study share: names, shares, and the refusal of unknown keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core.core_schema import CoreSchema, no_info_after_validator_function

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Share = Annotated[float, Field(ge=0, le=1)]

# what a gap counts, wherever one is told: 14 from a discharge on the 1st to an admission on the 15th
GAP = "from the last day of one to the first day of the next"


class OneOf:
    """Beside a text in an Annotated type: it must be one of the known words; others are refused with their list."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = tuple(known)

    def checked(self, given: str) -> str:
        """The text, or ValueError."""
        if given not in self.known:
            raise ValueError(f"expected one of {', '.join(repr(word) for word in self.known)}")
        return given

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self.checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "enum": list(self.known)}


class Part(BaseModel):
    """A part of the protocol; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
