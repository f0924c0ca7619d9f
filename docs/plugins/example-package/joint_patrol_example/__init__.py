"""Examples of plug-ins, one file each: an SMS gateway, a link, an alert rule, a report."""
