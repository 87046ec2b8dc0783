"""Run a command and say the most memory it held: _peak.py COMMAND... prints {"peak_bytes": N, "exit": CODE}.

A process of its own, and one that imports next to nothing, because Linux counts the starting process's memory
as the started one's until that has loaded its own program.
"""

import json
import os
import subprocess
import sys


def main() -> None:
    """Start, wait, report; nothing to report (null) where the system has no wait4, as on Windows."""
    child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
    if not hasattr(os, "wait4"):
        print(json.dumps({"peak_bytes": None, "exit": child.wait()}))
        return
    _, status, usage = os.wait4(child.pid, 0)
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, the others kilobytes
    print(json.dumps({"peak_bytes": usage.ru_maxrss * unit, "exit": os.waitstatus_to_exitcode(status)}))


if __name__ == "__main__":
    main()
