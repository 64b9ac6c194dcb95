"""Jobs' clients share one TLS context, which the fork server has made."""

from crew_runtime.runner.worker_process import WorkerProcess
from support.runtime import PATIENCE_SECONDS
from support.targets import count_contexts


def test_a_job_reads_no_authorities_certificates_to_make_a_client() -> None:
    answer = WorkerProcess(count_contexts, None).answer(timeout=PATIENCE_SECONDS)
    assert answer == {"result": "0", "clients": 3}
