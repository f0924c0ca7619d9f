"""Links: serial ports, TCP, UDP, HTTP and MQTT as one kind of connection."""
