"""Protocol buffers: what radios and TAK send as such, described in `.proto` files of our own.

`python -m tests.radio_gateway.protobuf.generate` makes the Python of them anew.
"""
