"""What is checked before any long run: the definition, the inputs, what the records will support."""
