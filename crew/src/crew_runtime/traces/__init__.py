"""What a job did, as one OpenTelemetry trace: the request, the job, its crew's tasks and tools, its model calls.

Metrics go to the same collector (`metrics_sending.py`).
"""
