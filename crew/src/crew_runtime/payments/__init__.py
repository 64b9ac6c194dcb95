"""Payments on the Masumi network: making them, watching them, submitting results."""
