"""Texts as vectors by a table of word pieces: instant, small, and good enough to tell what a request is about."""
