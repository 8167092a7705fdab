"""The one place that joins the file on disk and the running instance."""
