#!/usr/bin/env node
import { createProgram } from './createProgram.js';
import { reportError } from './reportError.js';

// `audiossl config show | head` closes our output early: end quietly, as a program killed by SIGPIPE does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(141);
  throw error;
});
// A closed standard error must not end hours of training.
process.stderr.on('error', () => {});

// Started by a sweep over a channel: where the sweep was killed, stop in order, as if told so.
if (process.channel) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}

const isDebug = process.argv.includes('--debug');
const program = createProgram();
try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = reportError(error, { isDebug });
}
