"""Crews that are declared in YAML."""
