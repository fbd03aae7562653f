"""What Docker says of a stack: services, tasks, memory, and what belongs to no run."""
