"""Services: SMS gateways, messengers and their like, each as a notification plug-in knows it."""
