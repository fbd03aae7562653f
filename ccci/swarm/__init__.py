"""Stacks as Docker reports them: services, tasks, memory, and which objects belong to a run."""
