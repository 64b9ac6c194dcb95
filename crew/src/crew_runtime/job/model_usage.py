"""What a job used of one model."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUsage:
    """Tokens that a model was asked with and answered with.

    `job` is the job's reference, and empty for what belongs to none, such as building a crew to see whether it can be.
    """

    job: str = ""
    model: str
    input_tokens: int
    output_tokens: int

    @property
    def tokens(self) -> int:
        """Both together."""
        return self.input_tokens + self.output_tokens

    def plus(self, more: "ModelUsage") -> "ModelUsage":
        """Return this and more of the same job and model."""
        return ModelUsage(
            job=self.job,
            model=self.model,
            input_tokens=self.input_tokens + more.input_tokens,
            output_tokens=self.output_tokens + more.output_tokens,
        )
