"""Customers' files: checked when they are entered, fetched and read in the worker."""
