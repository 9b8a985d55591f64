"""The document of results: its content as plain data, and that as a web page and as a PDF."""
