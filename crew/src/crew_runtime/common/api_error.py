"""The errors of the API: a stable code, what happened, and what to do."""

from collections.abc import Sequence


class ApiError(Exception):
    """Becomes the answer {"error", "message", "problems"?} with `status`, with Retry-After if given."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        problems: Sequence[str] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, object] = {"error": code, "message": message}
        if problems:
            self.body["problems"] = list(problems)
        self.headers = {} if retry_after_seconds is None else {"Retry-After": str(retry_after_seconds)}
