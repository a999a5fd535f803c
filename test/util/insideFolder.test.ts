import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { insideFolder } from '../../src/util/insideFolder.js';

it.each<[string, string | undefined]>([
  ['a.wav', 'a.wav'],
  ['b/../a.wav', 'a.wav'],
  ['..a.wav', '..a.wav'],
  ['../a.wav', undefined],
  ['b/../../a.wav', undefined],
  ['..', undefined],
  ['/etc/passwd', undefined],
])('insideFolder of %s', (id, expected) => {
  expect(insideFolder('sounds', id)).toBe(expected && resolve('sounds', expected));
  expect(insideFolder('/', join('/x', 'a.wav'))).toBe('/x/a.wav');
});
