"""The plot over the steps, playback and time travel."""
