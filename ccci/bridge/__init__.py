"""Where the works meet Robot Framework: errors become failures, a run becomes a suite's state."""
