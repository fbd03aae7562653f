"""The app's databases: found by image or file, read as a whole, asked how they are set and guarded.

Only marker rows write.
"""
