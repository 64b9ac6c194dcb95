"""The machine that the runtime runs on: its settings, environment, identity and walls."""
