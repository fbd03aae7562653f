"""What the last green run of each recipe ran on, and whether that still says something."""
