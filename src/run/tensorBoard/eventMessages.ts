import protobuf from 'protobufjs';

/** The messages of TensorFlow's event files (event.proto, summary.proto, tensor.proto) that we write, with the field numbers of the standard. */
const messages = protobuf.Root.fromJSON({
  nested: {
    tensorflow: {
      nested: {
        Event: {
          oneofs: { what: { oneof: ['fileVersion', 'summary', 'sessionLog'] } },
          fields: {
            wallTime: { type: 'double', id: 1 },
            step: { type: 'int64', id: 2 },
            fileVersion: { type: 'string', id: 3 },
            summary: { type: 'Summary', id: 5 },
            sessionLog: { type: 'SessionLog', id: 7 },
          },
        },
        SessionLog: { fields: { status: { type: 'int32', id: 1 } } },
        Summary: { fields: { value: { rule: 'repeated', type: 'Value', id: 1 } } },
        Value: {
          oneofs: { value: { oneof: ['simpleValue', 'tensor'] } },
          fields: {
            tag: { type: 'string', id: 1 },
            simpleValue: { type: 'float', id: 2 },
            tensor: { type: 'TensorProto', id: 8 },
            metadata: { type: 'SummaryMetadata', id: 9 },
          },
        },
        SummaryMetadata: { fields: { pluginData: { type: 'PluginData', id: 1 } } },
        PluginData: { fields: { pluginName: { type: 'string', id: 1 } } },
        TensorProto: {
          fields: {
            dtype: { type: 'int32', id: 1 },
            tensorShape: { type: 'TensorShapeProto', id: 2 },
            stringVal: { rule: 'repeated', type: 'bytes', id: 8 },
          },
        },
        TensorShapeProto: { fields: { dim: { rule: 'repeated', type: 'Dim', id: 2 } } },
        Dim: { fields: { size: { type: 'int64', id: 1 } } },
      },
    },
  },
});

const eventMessage = messages.lookupType('tensorflow.Event');

/** A scalar, or text in Markdown, under a tag. */
export type Value =
  | { tag: string; simpleValue: number }
  | {
      tag: string;
      tensor: { dtype: number; tensorShape: { dim: { size: number }[] }; stringVal: Uint8Array[] };
      metadata: { pluginData: { pluginName: string } };
    };

/** What stands in one record of an event file. */
export interface Event {
  /** Seconds since 1970. */
  wallTime: number;
  step?: number;
  fileVersion?: string;
  summary?: { value: Value[] };
  /** Status 1: a restart; what was written before for this step and later ones is void. */
  sessionLog?: { status: number };
}

export function encodeEvent(event: Event): Uint8Array {
  return eventMessage.encode(event).finish();
}

/** DT_STRING of types.proto. */
const stringType = 7;

/** Text for TensorBoard's text page. */
export function textValue(tag: string, markdown: string): Value {
  return {
    tag,
    tensor: { dtype: stringType, tensorShape: { dim: [{ size: 1 }] }, stringVal: [Buffer.from(markdown)] },
    metadata: { pluginData: { pluginName: 'text' } },
  };
}
