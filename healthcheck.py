#!/usr/bin/env python3
"""Docker's HEALTHCHECK and Kubernetes' exec probes: ``--live`` or ``--ready``."""

import sys

from ws_service.probe import main

if __name__ == "__main__":
    sys.exit(main())
