"""Joins the works to Robot Framework: a run is a suite's state, errors become failures."""
