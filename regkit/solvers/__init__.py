"""Solvers: plain arrays and frozen dataclasses in and out; they never warn."""
