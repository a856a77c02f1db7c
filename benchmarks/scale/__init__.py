"""What studies, their jobs and their methods cost."""
