"""What a batch allows: seconds, uses of a kernel, threads. Defaults with their reasons; an unknown key is an error."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """Limits of one batch run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cell_seconds: int = Field(
        default=600, ge=1, description="A cell that runs longer is stopped and its report fails: one hanging store must not stop the rest."
    )
    start_seconds: int = Field(
        default=90, ge=5, description="Time for a kernel to start; polars and altair are imported then, on a busy machine."
    )
    kernel_uses: int = Field(
        default=60, ge=1, description="Reports one kernel makes before it is replaced, so that nothing can grow without end."
    )
    threads_per_kernel: int | None = Field(
        default=None, ge=1, description="polars threads per kernel; empty = the machine's cores divided by the workers."
    )
