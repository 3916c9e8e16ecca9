"""Demand ahead: series of hours or days, trees that forecast them, intervals, and past origins to measure by."""
