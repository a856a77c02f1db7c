"""What installing takes."""
