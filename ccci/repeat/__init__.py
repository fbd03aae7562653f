"""`python -m ccci.repeat RECIPE`: tests a recipe many times, if wanted on a busy node."""
