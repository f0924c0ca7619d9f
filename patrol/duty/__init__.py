"""Duty: who is on watch, the handing over of a watch, the watch log."""
