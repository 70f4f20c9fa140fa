"""Distances, clusters and coverage of points."""
