"""The tools that come with Rookery, each module a plugin of its own."""
