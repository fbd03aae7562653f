"""Several recipes in one command: a process for each, within the node's budget, and one report."""
