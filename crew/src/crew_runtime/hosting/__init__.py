"""Hosts agents: one that a process is started for, or all that a service is told of."""
