import {
  type BackendValues,
  type DataId,
  type DataType,
  type engine,
  KernelBackend,
  type TensorInfo,
  type TypedArray,
  util,
} from '@tensorflow/tfjs-core';
import { type Addon, type Handle, typeCode, typeNames } from './binding.js';
import { LibtorchData } from './LibtorchData.js';

type Engine = ReturnType<typeof engine>;

/**
 * The storage side of the tfjs backend: tensors live in libtorch, tfjs holds `LibtorchData` objects as their ids. A tensor is freed the
 * moment tfjs disposes of the last reference. The kernels are in `kernels/`.
 */
export class LibtorchBackend extends KernelBackend {
  private numLive = 0;
  /** Ids that another backend made and tfjs moved here. */
  private readonly moved = new WeakMap<object, LibtorchData>();

  constructor(
    readonly addon: Addon,
    private readonly owner: Engine,
  ) {
    super();
  }

  // ---- for the kernels ----

  /** The libtorch tensor behind a tfjs tensor. */
  handle(info: TensorInfo): Handle {
    const dataId = info.dataId;
    if (dataId instanceof LibtorchData && dataId.handle !== undefined) return dataId.handle;
    const handle = this.find(dataId).handle;
    if (handle === undefined) throw new Error(`libtorch: a tensor of type ${info.dtype} has no values here`);
    return handle;
  }

  handles(infos: TensorInfo[]): Handle[] {
    return infos.map((info) => this.handle(info));
  }

  /** A new tfjs tensor for what the last call of the addon returned; its shape and type are those of libtorch's tensor. */
  output(handle: Handle): TensorInfo {
    const description = this.addon.resultDescriptions;
    const rank = description[1];
    const shape: number[] = new Array(rank);
    for (let i = 0; i < rank; i++) shape[i] = description[2 + i];
    return this.wrap(handle, shape, typeNames[description[0]]);
  }

  /** For calls that return several tensors; shapes and types as the caller computed them. */
  wrap(handle: Handle, shape: number[], dtype: DataType): TensorInfo {
    const data = new LibtorchData(shape, dtype);
    data.handle = handle;
    this.numLive++;
    return { dataId: data, shape, dtype };
  }

  /** Another reference to the same data, what Identity returns. */
  share(info: TensorInfo): TensorInfo {
    this.incRef(info.dataId);
    return { dataId: info.dataId, shape: info.shape, dtype: info.dtype };
  }

  /** Frees a tensor that never left the backend. */
  discard(info: TensorInfo): void {
    this.disposeData(info.dataId);
  }

  // ---- what tfjs calls ----

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    const data = new LibtorchData(shape, dtype);
    this.fill(data, values);
    this.numLive++;
    return data;
  }

  override move(dataId: DataId, values: BackendValues, shape: number[], dtype: DataType, refCount: number): void {
    const data = dataId instanceof LibtorchData ? dataId : new LibtorchData(shape, dtype);
    if (data !== dataId) this.moved.set(dataId, data);
    this.fill(data, values);
    data.refCount = refCount;
    this.numLive++;
  }

  override readSync(dataId: DataId): BackendValues {
    const data = this.find(dataId);
    if (data.strings) return data.strings;
    const size = util.sizeFromShape(data.shape);
    const out = data.dtype === 'complex64' ? new Float32Array(2 * size) : util.getTypedArrayFromDType(asNumeric(data.dtype), size);
    this.addon.read(this.handleOf(data), out as Float32Array | Int32Array | Uint8Array);
    return out;
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    return this.readSync(dataId);
  }

  override refCount(dataId: DataId): number {
    return this.owned(dataId)?.refCount ?? 0;
  }

  override incRef(dataId: DataId): void {
    this.find(dataId).refCount++;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const data = this.owned(dataId);
    if (!data) return true;
    data.refCount--;
    if (!force && data.refCount > 0) return false;
    if (data.handle !== undefined) this.addon.release(data.handle);
    data.handle = undefined;
    data.strings = undefined;
    this.moved.delete(dataId);
    this.numLive--;
    return true;
  }

  override numDataIds(): number {
    return this.numLive;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override timerAvailable(): boolean {
    return true;
  }

  override async time(run: () => void): Promise<{ kernelMs: number }> {
    const start = performance.now();
    run();
    return { kernelMs: performance.now() - start };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override dispose(): void {}

  // ---- inside ----

  private fill(data: LibtorchData, values: BackendValues): void {
    if (data.dtype === 'string') {
      data.strings = values as Uint8Array[]; // tfjs encodes strings before it writes them
      return;
    }
    data.handle = this.addon.create(typedValues(values as TypedArray, data.dtype), data.shape, typeCode(data.dtype));
  }

  /** The data behind an id if it is here and alive. */
  private owned(dataId: DataId): LibtorchData | undefined {
    const data = dataId instanceof LibtorchData ? dataId : this.moved.get(dataId);
    return data && (data.handle !== undefined || data.strings) ? data : undefined;
  }

  /** As `owned`, fetching from the backend that holds it now. */
  private find(dataId: DataId): LibtorchData {
    const here = this.owned(dataId);
    if (here) return here;
    this.owner.moveData(this, dataId);
    const fetched = this.owned(dataId);
    if (!fetched) throw new Error('libtorch: tensor is disposed of');
    return fetched;
  }

  private handleOf(data: LibtorchData): Handle {
    if (data.handle === undefined) throw new Error(`libtorch: a tensor of type ${data.dtype} has no values here`);
    return data.handle;
  }
}

function asNumeric(dtype: DataType): 'float32' | 'int32' | 'bool' {
  return dtype === 'int32' || dtype === 'bool' ? dtype : 'float32';
}

/** tfjs's own kernels sometimes hand over an array of another type than the tensor's. */
function typedValues(values: ArrayLike<number>, dtype: DataType): Float32Array | Int32Array | Uint8Array {
  if (dtype === 'int32') return values instanceof Int32Array ? values : Int32Array.from(values);
  if (dtype === 'bool') return values instanceof Uint8Array ? values : Uint8Array.from(values);
  return values instanceof Float32Array ? values : Float32Array.from(values);
}
