"""Demand ahead: series on a grid of hours or days, trees that forecast them, intervals, and past origins to measure by."""
