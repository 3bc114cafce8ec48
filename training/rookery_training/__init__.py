"""Trains LoRA adapters for the models that Rookery runs."""
