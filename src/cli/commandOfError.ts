import type { Command } from 'commander';

let current: string | undefined;

/** From now on errors are those of this command. */
export function enterCommand(command: Command): void {
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent; at = at.parent) names.unshift(at.name());
  current = names.join(' ');
}

/** What begins a message and is no function, though it looks like one: a part of the config. */
const subjects = new Set(['frontEnd', 'supCnn', 'twoView', 'projectionHead']);

/** An error's text with the command in place of the library's function that found it: the user gave the one and never heard of the other. */
export function asOfCommand(text: string): string {
  const [whole, name] = /^(\w*[a-z]\w*[A-Z]\w*|FeatureStore): /.exec(text) ?? [];
  return whole === undefined || current === undefined || subjects.has(name) ? text : `${current}: ${text.slice(whole.length)}`;
}
