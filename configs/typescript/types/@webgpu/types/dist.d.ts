// In place of @webgpu/types 0.1.38, which the types of @tensorflow/tfjs-core 4.22 name and which contradicts the DOM library of TypeScript 6
// (findings/tfjs-core-types-typescript-6.sh): the two global names that they use and nobody else may have declared.
interface GPUBuffer {}
interface Long {}
