"""Several recipes in one go: a process for each, within the node's budget, one report."""
