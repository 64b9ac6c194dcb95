"""The gateway through which jobs ask the model: it holds the key, and counts what each of them uses."""
