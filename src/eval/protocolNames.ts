/** How an encoder is measured: `audiossl evaluate --protocol`, and `evaluate` of a sweep. */
export const protocolNames = ['knn', 'linear', 'finetune', 'classifier'] as const;
export type ProtocolName = (typeof protocolNames)[number];
