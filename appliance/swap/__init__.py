"""Another model in the place of the one that counts: how alike they are, and what came of it."""
