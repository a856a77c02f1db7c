"""What comes from outside, or goes there: policies of others in our evaluation, and ours in a script."""
