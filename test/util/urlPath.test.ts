import { expect, it } from 'vitest';
import { urlPath } from '../../src/util/urlPath.js';

it('urlPath: relative to the page, up where it must, escaped part by part', () => {
  expect(urlPath('/a/page', '/a/page/sounds/0.wav')).toBe('sounds/0.wav');
  expect(urlPath('/a/page', '/a/my data/b #1?.flac')).toBe('../my%20data/b%20%231%3F.flac');
  // A browser finds the file again.
  const found = new URL(urlPath('/a/page', '/b/100%/é.ogg'), 'file:///a/page/index.html');
  expect(decodeURIComponent(found.pathname)).toBe('/b/100%/é.ogg');
});
