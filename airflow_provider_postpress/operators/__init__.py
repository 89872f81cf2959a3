"""Operators: start a sync and see it through."""
