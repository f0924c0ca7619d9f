"""Radio gateway: reads position messages of radios by serial, MQTT, TCP, UDP and HTTP."""
