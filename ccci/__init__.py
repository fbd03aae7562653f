"""Proves that a Co-op Cloud recipe works: the programs, and what they stand on."""
