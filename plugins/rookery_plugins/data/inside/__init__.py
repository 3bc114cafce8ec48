"""What runs in the limited process: each job is a module with a function `run`, from a file to text.

Nothing here imports the program, which would take ten times as long as most jobs.
"""
