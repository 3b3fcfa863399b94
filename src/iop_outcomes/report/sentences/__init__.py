"""Sentences that take estimates."""
