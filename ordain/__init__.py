"""Ordain: decisions by policy, each on record."""
