"""Kernel regression with the NTK of the classifier's head, and how a further label changes it."""
