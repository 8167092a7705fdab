"""The running instance: compiled, limited, called; its S read and written."""
