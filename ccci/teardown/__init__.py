"""The end of a run, whatever ended it: journal, reaper, sweep and witness."""
