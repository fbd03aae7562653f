"""`python -m ccci.audit RECIPE`: breaks a recipe on purpose, and shows what its suite notices."""
