"""Static pages of all results: a table of recipes and stages, and a page and a badge per recipe."""
