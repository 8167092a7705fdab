"""The tensor list, cells, heatmap, histogram and changes."""
