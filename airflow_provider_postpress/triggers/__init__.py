"""Syncs waited for in the triggerer."""
