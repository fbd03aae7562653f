"""Static pages of all results: recipe by stage, a page and a badge for each recipe."""
