"""What a job store does."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from crew_runtime.job.failure_report import Report
from crew_runtime.job.failures import Failure
from crew_runtime.job.job import Job, JobState, PaymentTerms, Question
from crew_runtime.job.model_usage import ModelUsage
from crew_runtime.job.running_time import RunningTime


class StoreUnavailableError(Exception):
    """The store cannot be reached now; whether the last change was made is not known."""


class JobStore(Protocol):
    """Keeps jobs; what a method wrote is durable when it returns. Methods block, and may be called from any thread.

    Each job that is not closed is held by one runtime at a time, by a lease that ends unless it is renewed. Only its
    holder changes a job (but for `answer`), and only from a state that the change fits: else the answer is None and
    nothing happened.
    Any method may raise StoreUnavailableError.
    """

    @property
    def shared(self) -> bool:
        """Whether other machines reach this store, so that a job outlives this one."""

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever kept here, as far as that can be told without opening it."""

    def add(self, job: Job) -> Job:
        """Write a new job and hold it, or return the one that has the same request key. Also safe to repeat."""

    def get(self, job_id: str) -> Job | None:
        """Read a job, whoever holds it."""

    def find(self, request_key: str) -> Job | None:
        """Read the job that such a request has begun."""

    def held(self) -> list[Job]:
        """Return the jobs that this runtime holds, oldest first, without inputs, questions, answers and results."""

    def claim(self, job_id: str | None = None) -> int:
        """Take over all jobs, or one, whose lease has ended; return their number."""

    def renew(self) -> set[str]:
        """Renew the leases of this runtime, and return the ids of the jobs that it holds."""

    def release(self) -> None:
        """End the leases of this runtime, so that another takes its jobs over at once."""

    def bind_payment(self, job_id: str, terms: PaymentTerms) -> Job | None:
        """Note the payment of a created job, which then awaits its funds."""

    def note_payment(self, job_id: str, on_chain_state: str | None, next_action: str) -> Job | None:
        """Note how the payment was last seen."""

    def fund(self, job_id: str) -> Job | None:
        """Queue a job whose funds are locked."""

    def start(self, job_id: str) -> Job | None:
        """Note that a queued job runs now, or one that ran in a process that is gone; counts the attempt."""

    def put_back(self, job_id: str) -> Job | None:
        """Queue a running job again, and forget this attempt."""

    def ask(self, job_id: str, question: Question) -> Job | None:
        """Note what a running job asks its customer, and forget the attempt: it got somewhere."""

    def answer(self, job_id: str, status_id: str, text: str) -> Job | None:
        """Keep the answer to the question of that status, whoever holds the job, which then counts as running."""

    def complete(self, job_id: str, result: str) -> Job | None:
        """Keep the result of a running job that has no payment."""

    def keep_result(self, job_id: str, result: str, result_hash: str, hash_rule: str) -> Job | None:
        """Keep the result of a running job, with the hash to be submitted."""

    def note_submitted(self, job_id: str) -> Job | None:
        """Note that the payment service has taken the result's hash."""

    def settle(self, job_id: str) -> Job | None:
        """Note that the result's hash was seen on the chain."""

    def close(self, job_id: str) -> Job | None:
        """Note that there is nothing left to watch for a completed job."""

    def fail(
        self,
        job_id: str,
        failure: Failure,
        *,
        repeatable: bool = False,
        expected: JobState | None = None,
        report: Report | None = None,
    ) -> Job | None:
        """Note why a job that the customer waits for has no result, if it is in the expected state (None: in any).

        A repeatable failure gives way to a new job by the same request. The report is the operator's, and erased when
        a result would be.
        """

    def failed(self, most: int) -> list[Job]:
        """Return the jobs that failed last and have a report, whoever held them, the last one first."""

    def counts(self) -> Mapping[JobState, int]:
        """Count all jobs by state."""

    def add_usage(self, day: str, usages: Sequence[ModelUsage]) -> int:
        """Count tokens of models that were used on a day, and return those of that day by all runtimes.

        Of a job and model there is one usage at most.
        """

    def usage_by_month(self, *, month: str | None = None, by_job: bool = False) -> list[tuple[str, ModelUsage]]:
        """Return what was used of each model in each month, or in one (`2026-11`, UTC), by all runtimes.

        All jobs of a month are summed, unless each is wanted. It is kept when jobs are erased: nothing of it is the
        customer's.
        """

    def add_running_times(self, day: str, times: Sequence[RunningTime]) -> None:
        """Add times of a day: at most one of each job, and of the runtime itself."""

    def running_times_by_month(
        self, *, month: str | None = None, by_job: bool = False
    ) -> list[tuple[str, RunningTime]]:
        """Return how long runtimes of each size were up in each month, or in one (`2026-11`, UTC), and jobs ran.

        All jobs of a month are summed, under the empty reference, unless each is wanted.
        """

    def count_unpaid(self) -> int:
        """Count the open jobs that wait for their payment and have not given way."""

    def make_room(self, most: int) -> list[Job]:
        """Let all but the youngest `most` unpaid jobs give way, whoever holds them, and return those.

        They still run once they are paid. The store keeps a multiple of `most` of them; the oldest beyond that fail.
        """

    def erase(self, *, at: int, ended_before: int) -> int:
        """Erase what is due at a time (Unix milliseconds), whoever held the jobs; return how many jobs that changed.

        Inputs, questions and answers are due when the job is closed and nobody can dispute its payment; all that is the
        customer's is, when it ended before `ended_before`. What is left is an empty shell, or of an unpaid job nothing.
        """

    def disconnect(self) -> None:
        """Release what the store holds on this machine."""
