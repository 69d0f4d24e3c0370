# check_onnx.py FILE...: the onnx package's own checker and its shape inference accept the files; how features are made is
# in their metadata.
import json
import sys

import onnx

for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, strict_mode=True)
    shape = [[d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in model.graph.input]
    about = json.loads({entry.key: entry.value for entry in model.metadata_props}["stapes.json"])
    front = about["front"]
    assert shape == [["clips", 1, front["frames"], front["coefficients"]]], shape
    assert [v.name for v in model.graph.output] == ["logits"]
    assert model.graph.output[0].type.tensor_type.shape.dim[1].dim_value == len(about["labels"])
    print(path, "is accepted:", len(model.graph.node), "nodes")
