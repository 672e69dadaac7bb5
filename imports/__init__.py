"""What comes in as a file: read, checked and handed on; nothing here writes."""
