"""Sensors: wait for a sync that something else began."""
