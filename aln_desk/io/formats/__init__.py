"""Outlines in the files of other programs: written from a project, and read back into one.

`registry` knows the formats, `export` and `importing` do the work; nothing else is needed from outside.
"""
