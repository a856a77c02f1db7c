"""The search for an agent's settings: who proposes candidates, what they are worth, and the trials in between."""
