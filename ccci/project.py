"""The folder of this project, which holds suites/, recipes/ and results/."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
