"""Event files of a short log as TensorBoard's own messages and record writer make them.

    python3 -m venv venv && venv/bin/pip install tensorboard && venv/bin/python test/golden/run/tensorBoardEvents.py
"""

import io
import json
from pathlib import Path

import tensorboard
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.summary.writer.record_writer import RecordWriter


def scalars(wall_time, step, values):
    return Event(
        wall_time=wall_time,
        step=step,
        summary=Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values]),
    )


def text(wall_time, step, tag, markdown):
    tensor = TensorProto(dtype=7, tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]), string_val=[markdown.encode()])
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    return Event(wall_time=wall_time, step=step, summary=Summary(value=[Summary.Value(tag=tag, tensor=tensor, metadata=metadata)]))


def file_of(events):
    out = io.BytesIO()
    writer = RecordWriter(out)
    for event in events:
        writer.write(event.SerializeToString())
    return out.getvalue().hex()


command = "`audiossl pretrain`\n\n    seed: 0\n    loss: ü\n"
first = [
    Event(wall_time=1700000000.5, file_version="brain.Event:2"),
    text(1700000000.5, 0, "config", command),
    scalars(1700000000.5, 1, [("train/epoch", 1), ("train/loss", 2.5), ("train/learningRate", 0.03), ("train/patchesPerSecond", 100)]),
    scalars(1700000000.5, 300, [("epoch/loss", float("nan")), ("epoch/seconds", 1.25)]),
    scalars(1700000000.5, 300, [("validation/knnClipMacroAccuracy", 0.4)]),
]
resumed = [
    Event(wall_time=1700000000.5, file_version="brain.Event:2"),
    Event(wall_time=1700000000.5, step=151, session_log=SessionLog(status=SessionLog.START)),
    text(1700000000.5, 150, "config", command),
    scalars(1700000000.5, 151, [("train/epoch", 2), ("train/loss", 1.5)]),
]
here = Path(__file__)
here.with_suffix(".json").write_text(
    json.dumps({"source": f"{here.name}, tensorboard {tensorboard.__version__}", "first": file_of(first), "resumed": file_of(resumed)}, indent=1)
    + "\n"
)
