"""What methods do, measured."""
