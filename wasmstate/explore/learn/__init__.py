"""Making a binary that only predicts learn: find its weights, give them an update()."""
