"""Messages: texts and set phrases between people, in their languages."""
