"""The parts of the screen; each shows view-models and posts what the person wants."""
