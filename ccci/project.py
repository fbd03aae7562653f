"""Where this project lies: the folder that holds suites/, recipes/ and results/."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
