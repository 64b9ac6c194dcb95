"""What a trace is told of a call of a model."""

import json
import time

from crew_runtime.model.calls import RefusedError
from crew_runtime.model.messages import Messages, answered_by, asked_by
from crew_runtime.model.relay import Meter, clean
from crew_runtime.model.session import Session
from crew_runtime.traces.job_trace import ModelCall


def error_of(meter: Meter, session: Session, refused: RefusedError | None) -> str | None:
    """Return the code of a call that failed: the gateway's, or the status of the model's API; None if it did not."""
    status = session.failed.status if meter.is_refused and session.failed else None
    return refused.code if refused else str(status) if status else None


def traced_call(meter: Meter, session: Session, begun: int, error: str | None) -> ModelCall:
    """Return a call as a trace has it: with no word of what was asked or answered, unless the operator wants them."""
    asked, answered = meter.parts
    return ModelCall(
        path=meter.call.path,
        model=meter.call.model,
        begun=begun,
        ended=time.time_ns(),
        input_tokens=asked,
        output_tokens=answered,
        api=session.model.api,
        error=error,
        **(_content(meter, session.model.key) if session.trace and session.trace.captures_content else {}),
    )


def _content(meter: Meter, key: str) -> dict[str, str]:
    """Return what a model was asked and answered as JSON; of embeddings nothing."""
    if not meter.call.generates:
        return {}
    asked, answered = asked_by(meter.call), answered_by(bytes(meter.kept)) if meter.kept else []
    told = {"asked": asked, "answered": answered}
    return {name: _json(messages, key) for name, messages in told.items() if messages}


def _json(messages: Messages, key: str) -> str:
    text = json.dumps(messages, ensure_ascii=False)
    return clean(text.encode("utf-8", "replace"), key).decode()
