"""Qt models: rows of the presenters as cells of Qt's views. No decisions."""
