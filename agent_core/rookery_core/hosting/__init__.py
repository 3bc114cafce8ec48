"""How installed plugins are found, let in, described without being imported, and run in processes of their own."""
