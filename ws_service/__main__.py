"""``python -m ws_service`` is the command ``ws-service``."""

import sys

from ws_service.cli import main

if __name__ == "__main__":
    sys.exit(main())
