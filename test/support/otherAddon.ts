import { useAddon } from '../../src/backend/libtorch/loadAddon.js';

/** `AUDIOSSL_ADDON` runs the tests on another build of the addon, one with a sanitiser for example (native/README.md). */
if (process.env.AUDIOSSL_ADDON) useAddon(process.env.AUDIOSSL_ADDON);
