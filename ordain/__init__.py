"""Ordain: decisions by policy, each on record."""

__version__ = "0.1.0"
