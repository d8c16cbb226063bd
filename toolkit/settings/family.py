"""What every family of settings is: frozen, and closed to unknown keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=1, le=3650)]


class Family(BaseModel):
    """Thresholds of one family of questions."""

    model_config = ConfigDict(frozen=True, extra="forbid")
