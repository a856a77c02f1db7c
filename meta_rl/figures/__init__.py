"""Figures of a study, one file each, from its tables alone."""
