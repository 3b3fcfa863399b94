"""What all parts of a study share: names, shares, and the refusal of unknown keys."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core.core_schema import CoreSchema, no_info_after_validator_function

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Share = Annotated[float, Field(ge=0, le=1)]

# what a gap counts, wherever one is told: 14 from a discharge on the 1st to an admission on the 15th
GAP = "from the last day of one to the first day of the next"


# characters that turn the direction of the text around them, or cannot be seen; those that join letters stay
TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNSEEN = "\u00ad\u200b\u2060\ufeff"
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def in_one_line(given: object) -> object:
    """Words as they may stand in a table, a figure or a page: without line ends, tabs and what cannot be seen.

    What is no text is left for the type to refuse.
    """
    if not isinstance(given, str):
        return given
    kept = CONTROLS.sub(" ", given).translate(dict.fromkeys(map(ord, TURNING + UNSEEN)))
    return kept.strip()


# words of the study that readers see
Words = Annotated[str, BeforeValidator(in_one_line)]


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
