"""The works behind the keyword libraries: plain Python that knows nothing of Robot Framework."""
