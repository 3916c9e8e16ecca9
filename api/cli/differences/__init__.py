"""Versions of policies compared."""
