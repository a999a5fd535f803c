/** What is used of sql.js, which has no types of its own. */
declare module 'sql.js' {
  export interface SqlStatement {
    run(values: readonly (string | number | null | Uint8Array)[]): void;
    free(): boolean;
  }
  export interface SqlDatabase {
    run(sql: string, values?: readonly (string | number | null | Uint8Array)[]): SqlDatabase;
    prepare(sql: string): SqlStatement;
    exec(sql: string): { columns: string[]; values: (string | number | null | Uint8Array)[][] }[];
    export(): Uint8Array;
    close(): void;
  }
  export default function initSqlJs(options: { wasmBinary: ArrayBuffer }): Promise<{ Database: new (bytes?: Uint8Array) => SqlDatabase }>;
}
