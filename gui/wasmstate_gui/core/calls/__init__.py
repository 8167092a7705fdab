"""Forms of calls, and the process that runs them."""
