"""One run of a recipe: its start, its stages, its checks and its end."""
