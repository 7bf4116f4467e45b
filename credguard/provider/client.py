"""What `credential_process` runs: `python -I -S …/provider/client.py p-3f9c21`.

As short as can be: Python compiles the file that it is told to run anew each time, what that imports only
once. Everything is in ask.py (the agent) and alone.py (the keychain, where no agent answers).
"""

import os
import sys

if __name__ == "__main__":  # isolated Python sets no path
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))))

from credguard.provider.ask import main, script

__all__ = ["main", "script"]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
