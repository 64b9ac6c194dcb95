"""Crews and flows that an author has written in Python, and what they reach."""
