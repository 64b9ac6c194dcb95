"""What one agent uses of the gateway."""

from collections.abc import Mapping

from crew_runtime.job.model_access import ModelAccess
from crew_runtime.model.daily_tokens import DailyTokens
from crew_runtime.model.gateway import ModelGateway
from crew_runtime.model.session import Budget, Session


class AgentModel:
    """Opens the sessions of one agent's jobs, and counts its day."""

    def __init__(self, gateway: ModelGateway, day: DailyTokens) -> None:
        self._gateway = gateway
        self.day = day

    def open(self, access: ModelAccess, inputs: Mapping[str, str], budget: Budget) -> Session:
        """Return the session of a new job with a model, and the access that it is to be given."""
        return self._gateway.open(access, self.day, inputs, budget)

    def close(self, token: str) -> None:
        """End the session of a job that has ended."""
        self._gateway.close(token)
