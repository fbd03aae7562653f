"""`python3 -m backupbot`, which `/usr/bin/backup` and the entrypoint call."""

import sys

from backupbot.cli import main

sys.exit(main())
