import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import initSqlJs from 'sql.js';

/** A recording's windows: seconds from its start, in the order of their numbers. */
export interface HopliteRecording {
  filename: string;
  windows: readonly (readonly [start: number, end: number])[];
}

/** The tables of perch-hoplite 1.0, with its indexes: what `SQLiteUSearchDB` makes when it starts an empty database. */
const schema = `
CREATE TABLE hoplite_metadata (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE deployments (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, project TEXT NOT NULL, latitude REAL, longitude REAL, UNIQUE (name, project));
CREATE TABLE recordings (
  id INTEGER PRIMARY KEY AUTOINCREMENT, filename TEXT NOT NULL, datetime TEXT,
  deployment_id INTEGER REFERENCES deployments(id) ON DELETE CASCADE, UNIQUE (id, deployment_id), UNIQUE (filename, deployment_id));
CREATE TABLE windows (
  id INTEGER PRIMARY KEY AUTOINCREMENT, recording_id INTEGER NOT NULL REFERENCES recordings(id) ON DELETE CASCADE,
  offsets FLOAT_LIST NOT NULL, UNIQUE (id, recording_id, offsets));
CREATE TABLE annotations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, recording_id INTEGER NOT NULL REFERENCES recordings(id) ON DELETE CASCADE,
  offsets FLOAT_LIST NOT NULL, label TEXT NOT NULL, label_type INTEGER NOT NULL, provenance TEXT NOT NULL,
  UNIQUE (id, recording_id, offsets));
CREATE INDEX idx_annotations ON annotations(recording_id, offsets, label, label_type, provenance);
CREATE INDEX idx_labels ON annotations(label, label_type, provenance);
CREATE INDEX idx_recordings_deployment_id ON recordings(deployment_id);
CREATE INDEX idx_windows_recording_id ON windows(recording_id);
`;

/**
 * The bytes of `hoplite.sqlite`: a deployment a folder at the top of the recordings, windows numbered from 1 in the order given.
 * @param project name of the set of recordings, hoplite's dataset
 * @param metadata values by key, kept as JSON
 */
export async function hopliteDatabase({
  project,
  recordings,
  metadata,
}: {
  project: string;
  recordings: Iterable<HopliteRecording>;
  metadata: Record<string, unknown>;
}): Promise<Uint8Array> {
  const file = createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm');
  const { Database } = await initSqlJs({ wasmBinary: Uint8Array.from(readFileSync(file)).buffer });
  const database = new Database();
  try {
    database.run(schema);
    database.run('BEGIN');
    for (const [key, value] of Object.entries(metadata)) {
      database.run('INSERT INTO hoplite_metadata VALUES (?, ?)', [key, JSON.stringify(value)]);
    }
    const deployments = new Map<string, number>();
    const deployment = database.prepare('INSERT INTO deployments (id, name, project) VALUES (?, ?, ?)');
    const recording = database.prepare('INSERT INTO recordings (id, filename, deployment_id) VALUES (?, ?, ?)');
    const window = database.prepare('INSERT INTO windows (recording_id, offsets) VALUES (?, ?)');
    let id = 0;
    for (const { filename, windows } of recordings) {
      // As hoplite names them: the first folder, or the whole set.
      const name = filename.includes('/') ? filename.slice(0, filename.indexOf('/')) : project;
      let deploymentId = deployments.get(name);
      if (deploymentId === undefined) {
        deploymentId = deployments.size + 1;
        deployments.set(name, deploymentId);
        deployment.run([deploymentId, name, project]);
      }
      recording.run([++id, filename, deploymentId]);
      for (const offsets of windows) window.run([id, new Uint8Array(Float64Array.from(offsets).buffer)]);
    }
    for (const statement of [deployment, recording, window]) statement.free();
    database.run('COMMIT');
    return database.export();
  } finally {
    database.close();
  }
}
