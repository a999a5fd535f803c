const protocolOrder = ['classifier', 'linear', 'finetune', 'knn'];

/** What a reader looks for stands first: a run's own classifier, the linear one, fine-tuning, kNN, then others. */
export function protocolRank({ protocol }: { protocol: string }): number {
  const place = protocolOrder.indexOf(protocol);
  return place < 0 ? protocolOrder.length : place;
}
