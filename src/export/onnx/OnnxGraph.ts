import { packageVersion } from '../../util/packageVersion.js';
import { attributeTypes, modelProto, onnxTypes } from './onnxMessages.js';

/** Name of a value in the graph: an input, a constant or what a node puts out. */
export type Value = string;
export type OnnxType = keyof typeof onnxTypes;

/** Opset 17 with IR 8: the oldest that has all we use, so that older runtimes read it too. */
const OPSET = 17;
const IR_VERSION = 8;

type Attribute = number | string | readonly number[];
type Data = Float32Array | Float64Array | BigInt64Array;

interface PortOptions {
  /** A number is fixed; a text names a size that is free. */
  shape: readonly (number | string)[];
  type?: OnnxType;
  /** What it holds, for people. */
  description: string;
}

/** Puts an ONNX model together, node by node, in the order in which it computes. Attributes are whole numbers, lists of them or words. */
export class OnnxGraph {
  private readonly nodes: object[] = [];
  private readonly constants = new Map<Value, object>();
  private readonly inputs: object[] = [];
  private readonly outputs: object[] = [];

  input(name: Value, options: PortOptions): Value {
    this.inputs.push(port(name, options));
    return name;
  }

  output(name: Value, value: Value, options: PortOptions): void {
    this.nodes.push(node('Identity', [value], name, {}));
    this.outputs.push(port(name, options));
  }

  /** The value of one node of one output. */
  node(opType: string, inputs: readonly Value[], attributes: Record<string, Attribute> = {}): Value {
    return this.nodeOfMany(opType, inputs, 1, attributes)[0];
  }

  /** The values of a node of several outputs. */
  nodeOfMany(opType: string, inputs: readonly Value[], count: number, attributes: Record<string, Attribute> = {}): Value[] {
    const outputs = Array.from({ length: count }, (_, i) => `${opType}_${this.nodes.length}${count > 1 ? `_${i}` : ''}`);
    this.nodes.push(node(opType, inputs, outputs, attributes));
    return outputs;
  }

  /** Values that are part of the file; `name` is made different where it was given before. */
  constant(name: string, data: Data, shape: readonly number[] = [data.length]): Value {
    const unique = this.constants.has(name) ? `${name}_${this.constants.size}` : name;
    const dataType = data instanceof Float32Array ? onnxTypes.float32 : data instanceof Float64Array ? onnxTypes.float64 : onnxTypes.int64;
    // Little-endian by the standard, as every machine that Node runs on is.
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.constants.set(unique, { name: unique, dims: shape, dataType, rawData });
    return unique;
  }

  /** Whole numbers `[n]`; one number alone is a scalar. */
  integers(values: number | readonly number[]): Value {
    const isScalar = typeof values === 'number';
    const list = isScalar ? [values] : values;
    const name = isScalar ? `integer_${values}` : `integers_${list.join('_')}`;
    return this.constants.has(name) ? name : this.constant(name, BigInt64Array.from(list, BigInt), isScalar ? [] : [list.length]);
  }

  float64(value: number): Value {
    const name = `number_${value}`;
    return this.constants.has(name) ? name : this.constant(name, Float64Array.of(value), []);
  }

  cast(value: Value, type: OnnxType): Value {
    return this.node('Cast', [value], { to: onnxTypes[type] });
  }

  /** A size of a value, as a scalar. */
  size(value: Value, axis: number): Value {
    return this.node('Gather', [this.node('Shape', [value]), this.integers(axis)]);
  }

  /** 0, 1, 2 ... below a scalar. */
  range(limit: Value): Value {
    return this.node('Range', [this.integers(0), limit, this.integers(1)]);
  }

  /** A value with an axis of length 1 put in. */
  unsqueeze(value: Value, axis: number): Value {
    return this.node('Unsqueeze', [value, this.integers([axis])]);
  }

  /** The bytes of the file; `metadata` is text by name. */
  encode({ name, description, metadata }: { name: string; description: string; metadata: Record<string, string> }): Uint8Array {
    return modelProto
      .encode({
        irVersion: IR_VERSION,
        producerName: 'audiossl',
        producerVersion: packageVersion(),
        docString: description,
        opsetImport: [{ domain: '', version: OPSET }],
        metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
        graph: { name, node: this.nodes, initializer: [...this.constants.values()], input: this.inputs, output: this.outputs },
      })
      .finish();
  }
}

function node(opType: string, inputs: readonly Value[], outputs: Value | readonly Value[], attributes: Record<string, Attribute>): object {
  const output = typeof outputs === 'string' ? [outputs] : outputs;
  return { opType, name: `node_${output[0]}`, input: inputs, output, attribute: Object.entries(attributes).map(attribute) };
}

function attribute([name, value]: [string, Attribute]): object {
  if (typeof value === 'number') return { name, i: value, type: attributeTypes.i };
  if (typeof value === 'string') return { name, s: new TextEncoder().encode(value), type: attributeTypes.s };
  return { name, ints: value, type: attributeTypes.ints };
}

function port(name: string, { shape, type = 'float32', description }: PortOptions): object {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, docString: description, type: { tensorType: { elemType: onnxTypes[type], shape: { dim } } } };
}
