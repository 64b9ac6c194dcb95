"""Runs jobs: a worker for each, leases on them, and questions to their customers."""
