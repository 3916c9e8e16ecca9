"""Lifetime value: when customers buy, how much they spend, and what that makes of twelve months."""
