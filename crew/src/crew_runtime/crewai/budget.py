"""How much of the model one job may use."""

import json
from typing import TYPE_CHECKING, Final

from crew_runtime.failures import Failure

if TYPE_CHECKING:
    from crewai.hooks import LLMCallHookContext

_CHARACTERS_PER_TOKEN: Final = 4


class BudgetSpentError(Exception):
    """The job has made as many calls, or used as many tokens, as one job may."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


class ModelBudget:
    """Counts every call of a model in this process, whoever makes it, and stops those beyond the budget.

    A call that is under way is not cut short, so that the tokens of one call may come on top. A model whose answers do
    not say how many tokens they took is charged by the length of its prompts.
    """

    def __init__(self, *, calls: int, tokens: int) -> None:
        self._most_calls = calls
        self._most_tokens = tokens
        self._calls = 0
        self._estimated = 0
        self._models: dict[int, object] = {}
        self.spent: Failure | None = None

    def enforce(self) -> None:
        """Start counting."""
        from crewai.hooks import register_before_llm_call_hook

        register_before_llm_call_hook(self._before_call)

    @property
    def calls(self) -> int:
        """Calls that were let through."""
        return self._calls

    @property
    def tokens(self) -> int:
        """Tokens used so far."""
        reported = sum(_tokens_of(model) for model in self._models.values())
        return reported or self._estimated

    def _before_call(self, context: "LLMCallHookContext") -> bool | None:
        if context.llm is not None:
            self._models[id(context.llm)] = context.llm
        if self._calls >= self._most_calls:
            self.spent = Failure.MODEL_BUDGET_SPENT
        elif self.tokens >= self._most_tokens:
            self.spent = Failure.TOKEN_BUDGET_SPENT
        if self.spent:
            return False
        self._calls += 1
        self._estimated += len(json.dumps(context.messages, default=str)) // _CHARACTERS_PER_TOKEN
        return None


def _tokens_of(model: object) -> int:
    summary = getattr(model, "get_token_usage_summary", None)
    return int(summary().total_tokens) if callable(summary) else 0
