"""Loads CrewAI as for any job, but keeps what a job prints: its author sees it, on this process's error stream.

What CrewAI prints while it loads is discarded, as it is for any other job.
"""

import io
import os
import sys

_seen = os.dup(2)

import crew_runtime.crewai.preload  # noqa: E402, F401 - discards what is printed from here on

for _stream in (1, 2):
    os.dup2(_seen, _stream)
os.close(_seen)
# A job's process ends at once, without writing what it still holds back.
for _text in (sys.stdout, sys.stderr):
    if isinstance(_text, io.TextIOWrapper):
        _text.reconfigure(line_buffering=True)
