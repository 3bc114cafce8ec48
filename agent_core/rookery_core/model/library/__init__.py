"""The models folder: what is in it, what can be fetched into it, and what is known of each file. Loads no model."""
