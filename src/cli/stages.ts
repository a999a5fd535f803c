import { createProgress, type Progress } from '../util/progress.js';

/** Progress of work in several stages, one bar after the other: a new name ends the bar before. */
export function createStages(): { show(stage: string, done: number, total: number): void; finish(): void } {
  let current: { stage: string; progress: Progress } | undefined;
  return {
    show(stage, done, total) {
      if (current?.stage !== stage) {
        current?.progress.finish();
        current = { stage, progress: createProgress({ label: stage, total }) };
      }
      current.progress.update(done);
    },
    finish() {
      current?.progress.finish();
      current = undefined;
    },
  };
}
