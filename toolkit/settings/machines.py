"""Where the work is done."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from toolkit.language import tr
from toolkit.settings.family import Family


class MachineSettings(Family):
    """One machine, or many behind a Dask scheduler; results are the same to the last bit."""

    engine: Literal["local", "dask"] = Field("local", description="'local', or 'dask': partitions go to the workers of a scheduler.")
    scheduler: str = Field(
        "", description="Address of the Dask scheduler, as tcp://10.0.0.5:8786; workers see the workspace under its path."
    )

    @model_validator(mode="after")
    def _has_address(self) -> MachineSettings:
        if self.engine == "dask" and "://" not in self.scheduler:
            raise ValueError(tr('the engine "dask" needs the address of its scheduler: scheduler = "tcp://10.0.0.5:8786"'))
        return self
