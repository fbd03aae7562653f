"""The end of a run, also of one whose process died: journal, reaper, sweep, witness."""
