/** Handle of a tensor in the addon's table of this thread. */
export type Handle = number;

/** The C++ side, `native/src`: flat functions on handles. Each throws an Error with libtorch's first line, its own name and the shapes. */
export interface Addon {
  /** Version of libtorch that was linked. */
  torchVersion(): string;
}
