/**
 * Two convolutions with batch norm, of a few hundred values: every path of batch norm that ResNet-18 takes, in a thousandth of the time.
 * @param library TensorFlow.js and the layers: those of src in a test, those of dist in a process that a test starts
 */
export function tinyEncoderOf({ tf, addBatchNorm, addConvKaiming, convNormTwice, createInitialiser, globalAveragePool }) {
  return {
    name: 'tiny',
    embeddingSize: 8,
    createParameters({ seed }) {
      const initialiser = createInitialiser('encoder', seed);
      addConvKaiming(initialiser, 'conv1.', [3, 1, 4]);
      addBatchNorm(initialiser, 'bn1.', 4);
      addConvKaiming(initialiser, 'conv2.', [3, 4, 8]);
      addBatchNorm(initialiser, 'bn2.', 8);
      return initialiser.parameters;
    },
    /** @param prefix of the parameters' names, where several of them make one network */
    forward(parameters, views, options, prefix = '') {
      const paths = [1, 2].map((i) => ({ conv: `${prefix}conv${i}.`, norm: `${prefix}bn${i}.` }));
      const stride = { ...options, stride: 2, padding: 1 };
      const [first, second] = [
        { ...stride, hasInputGradient: false },
        { ...stride, relu: true },
      ];
      return tf.tidy(() => globalAveragePool(convNormTwice(parameters, paths, tf.expandDims(views, 3), first, second)));
    },
  };
}
