"""Runs jobs: one process a job, leases, and questions asked back."""
