"""The crew's page on phones, in a real Chromium."""
