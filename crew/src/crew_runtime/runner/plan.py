"""How the jobs of an agent are done; a changed agent gets another plan for the jobs that begin after that."""

from collections.abc import Sequence
from dataclasses import dataclass

from crew_runtime.declared.input_schema import InputField
from crew_runtime.job.hashes import HashRule
from crew_runtime.job.model_access import ModelAccess
from crew_runtime.runner.worker_launcher import WorkerLauncher


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much at once, and how long and with how much of the model for one job.

    `ask_seconds` is how long a customer may take to answer a question; `submit_margin_seconds` is how long before
    submitResultTime a result must be there to get onto the chain.
    """

    parallel: int
    queue: int
    timeout_seconds: float
    ask_seconds: float
    submit_margin_seconds: float = 0
    model_calls: int = 60
    tokens: int = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a job keeps from its begin to its end: how it is started, with which inputs, model and limits."""

    launcher: WorkerLauncher
    access: ModelAccess
    fields: Sequence[InputField]
    limits: Limits
    hash_rule: HashRule = HashRule.MARKETPLACE
