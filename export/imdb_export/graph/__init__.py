"""Models as ONNX graphs, written node by node.

Every graph has the inputs ``ids``, int64 [batch, sequence], and ``lengths``, int64 [batch], and
the output ``logits``, float32 [batch]; batch and sequence are dynamic.
"""

from imdb_export.graph.builder import opset_of
from imdb_export.graph.models import build_graph

__all__ = ["build_graph", "opset_of"]
