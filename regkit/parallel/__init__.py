"""Threads that share passes over arrays, and rows that are read ahead."""
