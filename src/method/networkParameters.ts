import type { Parameters } from '../nn/parameters.js';

/** The parameters of several networks under full names (`encoder.conv1.weight`): all of them, and those that the optimiser updates. */
export function networkParameters(networks: Record<string, Parameters>): { parameters: Parameters; trainable: Parameters } {
  const parameters: Parameters = new Map(
    Object.entries(networks).flatMap(([network, its]) => [...its].map(([name, variable]) => [`${network}.${name}`, variable] as const)),
  );
  return { parameters, trainable: new Map([...parameters].filter(([, variable]) => variable.trainable)) };
}
