/** Size of the patches of a batch `[batch, time, mel]`: what an augmentation must know to draw its random numbers. */
export interface PatchSize {
  /** Frames a patch. */
  patchFrames: number;
  /** Mel bands. */
  nMels: number;
}
