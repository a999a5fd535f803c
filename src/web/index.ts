/**
 * Embeddings in a browser: what `audiossl.js` of an exported folder gives to a page, under the name `audiossl`. The same front end as in
 * Node.js, from the same files; the encoder runs on onnxruntime-web.
 *
 *     <script src="sound/audiossl.js"></script>
 *     const encoder = await audiossl.loadEncoder('sound/');
 *     const { embedding, logMel, probabilities } = await encoder.embed(file);
 */
export { type EmbeddedSound, loadEncoder, type WebEncoder } from './loadEncoder.js';
