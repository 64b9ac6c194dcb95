"""What the agent answers, by the rules of MIP-003; independent of HTTP but for the errors' status."""

import asyncio
from typing import Any, Final

from crew_runtime.declaration import Declaration
from crew_runtime.failures import MESSAGES
from crew_runtime.identity import IdentitySource
from crew_runtime.job_request import read_job_request
from crew_runtime.jobs import Job, JobStore
from crew_runtime.problems import ApiError
from crew_runtime.runner import JobRunner, QueueFullError, StoppingError

_RETRY_UNREGISTERED_SECONDS: Final = 30
_RETRY_LOADING_SECONDS: Final = 5
_RETRY_STOPPING_SECONDS: Final = 60
_RETRY_FULL_SECONDS: Final = 10


class Agent:
    """One declared agent with its identity, its jobs and their runner."""

    def __init__(
        self, *, declaration: Declaration, identity: IdentitySource, store: JobStore, runner: JobRunner
    ) -> None:
        self._declaration = declaration
        self._identity = identity
        self._store = store
        self._runner = runner

    @property
    def crew_is_ready(self) -> bool:
        """Tell whether the crew has been built."""
        return self._runner.crew_is_ready

    def availability(self) -> dict[str, Any]:
        """Say whether jobs are taken. The registry wants the type, and the right identifier if there is one."""
        identity = self._identity.current()
        answer: dict[str, Any] = {"status": "unavailable", "type": "masumi-agent"}
        if identity.agent_identifier:
            answer["agentIdentifier"] = identity.agent_identifier
        if not identity.agent_identifier:
            answer["message"] = f"{self._declaration.name} waits for its registration on the network."
        elif identity.draining:
            answer["message"] = f"{self._declaration.name} takes no new jobs: it is about to be removed."
        elif not self.crew_is_ready:
            answer["message"] = f"{self._declaration.name} is still loading its crew."
        elif self._declaration.pricing.type == "free":
            answer.update(status="available", message=f"{self._declaration.name} takes jobs.")
        else:
            answer.update(status="available", message=f"{self._declaration.name} is up, but takes no payments yet.")
        return answer

    def input_schema(self) -> dict[str, Any]:
        """Give the fields that /start_job wants."""
        return {"input_data": [field.to_wire() for field in self._declaration.input]}

    def demo(self) -> dict[str, Any]:
        """Give an example of input and result.

        Raises:
            ApiError: 404 NO_DEMO if the declaration has no example of a result.

        """
        outputs = self._declaration.example_outputs
        if not outputs:
            raise ApiError(404, "NO_DEMO", "This agent shows no example.")
        examples = {field.id: field.example() for field in self._declaration.input}
        return {
            "input": {name: value for name, value in examples.items() if value is not None},
            "output": {"result": "\n".join(f"{output.name}: {output.url}" for output in outputs)},
        }

    async def start_job(self, body: dict[str, Any]) -> dict[str, Any]:
        """Check the request and take the job on.

        Raises:
            ApiError: 503 AGENT_NOT_REGISTERED, AGENT_DRAINING, CREW_LOADING, AGENT_STOPPING or QUEUE_FULL, each with
                Retry-After; 501 PAYMENTS_NOT_AVAILABLE; 400 INPUT_INVALID with all problems at once.

        """
        agent_identifier = self._identifier_for_jobs()
        if self._declaration.pricing.type != "free":
            raise ApiError(
                501,
                "PAYMENTS_NOT_AVAILABLE",
                "This runtime takes no payments yet, so that it runs no jobs of agents with a price.",
            )
        if not self.crew_is_ready:
            raise ApiError(
                503,
                "CREW_LOADING",
                "The agent has started a moment ago and is still loading its crew. Try again in a few seconds.",
                retry_after_seconds=_RETRY_LOADING_SECONDS,
            )
        request = read_job_request(self._declaration.input, body)
        job = Job(
            input_data=request.input_data,
            agent_identifier=agent_identifier,
            identifier_from_purchaser=request.purchaser,
        )
        try:
            await self._runner.submit(job, request.inputs)
        except QueueFullError:
            raise ApiError(
                503,
                "QUEUE_FULL",
                "The agent has as many jobs as it can take. Try again later.",
                retry_after_seconds=_RETRY_FULL_SECONDS,
            ) from None
        except StoppingError:
            raise ApiError(
                503,
                "AGENT_STOPPING",
                "The agent is being stopped. Try again later.",
                retry_after_seconds=_RETRY_STOPPING_SECONDS,
            ) from None
        # MIP-003 calls it `id`, older readers of it `job_id`. What belongs to a payment a free job does not have.
        answer: dict[str, Any] = {
            "id": job.id,
            "job_id": job.id,
            "status": job.state.status,
            "agentIdentifier": agent_identifier,
        }
        if request.purchaser is not None:
            answer |= {
                "identifierFromPurchaser": request.purchaser,
                "input_hash": request.input_hash,
            }
        return answer

    def _identifier_for_jobs(self) -> str:
        identity = self._identity.current()
        if not identity.agent_identifier:
            raise ApiError(
                503,
                "AGENT_NOT_REGISTERED",
                "The agent waits for its registration on the network. Try again later.",
                retry_after_seconds=_RETRY_UNREGISTERED_SECONDS,
            )
        if identity.draining:
            raise ApiError(
                503,
                "AGENT_DRAINING",
                "The agent takes no new jobs: it is about to be removed. Choose another agent.",
                retry_after_seconds=_RETRY_STOPPING_SECONDS,
            )
        return identity.agent_identifier

    async def status(self, job_id: str | None) -> dict[str, Any]:
        """Tell how a job stands; `id` is the status's own and stays as long as the status does.

        Raises:
            ApiError: 400 JOB_ID_MISSING, 404 JOB_UNKNOWN.

        """
        job = await self._find(job_id)
        answer = {"id": job.status_id, "job_id": job.id, "status": job.state.status}
        if job.result is not None:
            answer["result"] = job.result
        if job.failure is not None:
            answer |= {"error": job.failure, "message": MESSAGES[job.failure]}
        return answer

    async def provide_input(self, body: dict[str, Any]) -> dict[str, Any]:
        """Refuse: no crew of this runtime asks back.

        Raises:
            ApiError: 400 JOB_ID_MISSING, 404 JOB_UNKNOWN, 400 INPUT_NOT_AWAITED.

        """
        job_id = body.get("job_id")
        await self._find(job_id if isinstance(job_id, str) else None)
        raise ApiError(400, "INPUT_NOT_AWAITED", "The job does not wait for input. Ask /status how it stands.")

    async def _find(self, job_id: str | None) -> Job:
        if not job_id:
            raise ApiError(400, "JOB_ID_MISSING", "The request names no job. Give job_id, as /start_job answered it.")
        job = await asyncio.to_thread(self._store.get, job_id)
        if job is None:
            raise ApiError(404, "JOB_UNKNOWN", "There is no such job. Give job_id, as /start_job answered it.")
        return job
