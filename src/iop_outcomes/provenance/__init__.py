"""What a release says of where it comes from: the merged study and the manifest."""
