"""How long an agent's container was there, or a job's process in it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTime:
    """A time on one day.

    `job` is the job's reference; None is the runtime itself, whose size is then that of its container: in CPU units
    (1024 are one core) and MiB, 0 where it has none of its own.
    """

    job: str | None = None
    cpu: int = 0
    memory: int = 0
    milliseconds: int
