"""The networks, in torch, and their export to ONNX."""
