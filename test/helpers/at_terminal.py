"""Run a program at a terminal of its own: stdin is what is typed, stdout what the screen shows.

usage: at_terminal.py <columns> <program> <arguments...>. SIGTERM closes the terminal, as closing its window does.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios


def main() -> int:
    """Return the program's exit code, 128 + n after signal n."""
    columns, *command = sys.argv[1:]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, int(columns), 0, 0))
    is_open = True

    def close(_number: int, _frame: object) -> None:
        nonlocal is_open
        if is_open:
            is_open = False
            os.close(terminal)

    signal.signal(signal.SIGTERM, close)
    sources = [terminal, 0]
    while is_open:
        try:
            ready, _, _ = select.select(sources, [], [], 0.1)
            for source in ready if is_open else []:
                data = os.read(source, 65536)
                if source == terminal:
                    os.write(1, data)
                elif data:
                    os.write(terminal, data)
                else:
                    sources.remove(0)
        except OSError:
            break
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


sys.exit(main())
