"""What a state section means: record, schema, tensors."""
