import { createRequire } from 'node:module';

const requirePackage = createRequire(import.meta.url);

// Packages of 30 to 70 small files that most programs never use: loaded at the first call, so that importing audiossl does not pay for them.

export const csvParser = () => requirePackage('csv-parse/sync') as typeof import('csv-parse/sync');

export const yaml = () => requirePackage('yaml') as typeof import('yaml');
