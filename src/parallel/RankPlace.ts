/** Which of the processes of a run this is, and where they meet. */
export interface RankPlace {
  /** From 0 up. */
  rank: number;
  size: number;
  /** Ranks on this machine, and which of them this is. */
  localRank: number;
  localSize: number;
  /** Where rank 0, or the launcher's agent, has the store in which they meet. */
  host: string;
  port: number;
  /** Whether a launcher has that store already, and rank 0 only joins it (torchrun). */
  isStoreThere: boolean;
  /** Starts of the whole run by its launcher before this one: what dead ranks left in the store is passed by. */
  restarts: number;
  /** What of the network to use; absent: the address of the machine's name, or of one machine itself. */
  networkInterface?: string;
  launcher: 'torchrun' | 'slurm' | 'processes';
}
