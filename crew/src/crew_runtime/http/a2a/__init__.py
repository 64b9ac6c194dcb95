"""The agent by A2A: messages that begin jobs and answer their questions, tasks that are jobs."""
