#!/bin/sh
# usearch 2.26.6 and onnxruntime 1.32.0 in one Python process: where usearch is imported first, onnxruntime ends the process with a
# segmentation fault as soon as it opens a model, here y = x + x; imported the other way round both work. perch-hoplite 1.0.2 imports usearch
# with its database and onnxruntime when it loads an ONNX model, so that its own use of the two is the order that fails.
# Seen on 2026-11-30 with Python 3.11 on x86-64 Linux:  onnxruntime first: exit 0, 4.0;  usearch first: exit 139
# Exits with 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 usearch==2.26.6 onnx==1.23.2
cat > "$folder/program.py" <<'PYTHON'
import importlib
import sys

for name in sys.argv[1:]:
    importlib.import_module(name)
import numpy
import onnx
import onnxruntime

x, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy")
graph = onnx.helper.make_graph([onnx.helper.make_node("Add", ["x", "x"], ["y"])], "g", [x], [y])
model = onnx.helper.make_model(graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 17)])
session = onnxruntime.InferenceSession(model.SerializeToString())
print(session.run(None, {"x": numpy.array([2], numpy.float32)})[0][0])
PYTHON
first=0
"$folder/venv/bin/python" "$folder/program.py" onnxruntime usearch.index || first=$?
second=0
"$folder/venv/bin/python" "$folder/program.py" usearch.index onnxruntime || second=$?
echo "onnxruntime first: exit $first; usearch first: exit $second"
[ "$first" -eq 0 ] && [ "$second" -eq 139 ]
