declare module '*/attempt.mjs' {
  type Outcome = 'decoded' | 'refused';
  export function attemptAudio(bytes: Uint8Array, salvage: boolean, modules: object): Promise<Outcome>;
  export function attemptTable(path: string, modules: object): Promise<Outcome>;
}
declare module '*/mutate.mjs' {
  export function dice(seed: number): (sides: number) => number;
  export function mutate(bytes: Uint8Array, roll: (sides: number) => number, others: readonly Uint8Array[]): Uint8Array;
}
declare module '*/tables.mjs' {
  export const tables: Buffer[];
}
