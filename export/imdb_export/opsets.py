"""The ONNX operator sets that a graph can be written in; light to import, for ``--help``."""

# The IR that each opset was released with; an older onnxruntime refuses a newer IR.
# Below 13, Unsqueeze has its axes in an attribute; above 21, onnxruntime 1.20 does not read it.
IR_VERSIONS = {13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10}
FIRST_OPSET, LAST_OPSET = min(IR_VERSIONS), max(IR_VERSIONS)
