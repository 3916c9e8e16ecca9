"""Policies and spreadsheets: what the commands that read and write sheets share, and `ordain cases`."""
