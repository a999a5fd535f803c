import { extname } from 'node:path';
import type { Shard } from '../../embed/embedToFile.js';
import type { RankPlace } from '../../parallel/RankPlace.js';
import { UsageError } from '../../util/errors.js';

/**
 * Which part of the recordings a rank embeds, and into which file of its own: ranks of `embed` exchange nothing, each writes a shard. Throws
 * UsageError where shards do not go with what else is asked for.
 */
export function shardOfRank(
  { rank, size, launcher }: Pick<RankPlace, 'rank' | 'size' | 'launcher'>,
  { out, add, shard }: { out: string; add?: boolean | undefined; shard?: Shard | undefined },
): { shard: Shard; out: string; parts: string[] } {
  const refuse = (what: string): never => {
    throw new UsageError(`embed: ${launcher} has started ${size} processes, of which each embeds its part of the recordings; ${what}`);
  };
  if (shard !== undefined) refuse('leave out --shard, or start one process');
  if (add) refuse('start one process for --add');
  const ending = extname(out);
  if (ending !== '.npz' && ending !== '.npy') refuse(`their parts must be .npz or .npy, got --out ${out}`);
  const stem = out.slice(0, out.length - ending.length);
  const parts = Array.from({ length: size }, (_, part) => `${stem}.${part + 1}of${size}${ending}`);
  return { shard: { index: rank + 1, count: size }, out: parts[rank], parts };
}
