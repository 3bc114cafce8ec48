"""Data of the workspace: databases, tables, JSON and documents, and what the plugins for them share.

A file may be hostile, a statement may never end: both are dealt with in a process that is limited in memory and time
(`apart`), by the modules of `inside`, which know nothing of the program. What comes back is text.
"""
