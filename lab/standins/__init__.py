"""Programs that stand in for Co-op Cloud's own where those are missing: abra, the backup bot."""
