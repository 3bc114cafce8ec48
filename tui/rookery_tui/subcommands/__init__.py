"""The subcommands of `rookery`, one module each; `cli` imports the one that is asked for."""
