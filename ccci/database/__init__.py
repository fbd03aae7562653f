"""The app's database: found by its image or its file, and read as a whole. Nothing here writes."""
