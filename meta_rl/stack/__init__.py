"""Everything with a leading seed axis that knows no agent and no method: networks, memories, environments stepped."""
