/** An option of the command line beside the one of programs (`salvage (--salvage)`), a command that a message quotes, an option by itself. */
const quotedOrOption = / \(--[a-z][a-z-]*\)|\b(?:audiossl|npm run) [^;,()`]*|(?<=^|[\s('"])--[a-z][a-z-]*/g;

/** Options that programs have by another name. */
const otherNames: Record<string, string> = { set: 'overrides' };

/**
 * A message about options, in the words of a program: errors are written in those of the command line, `--on-error skip`, where a program
 * has the option `onError`. Commands to give stay what they are.
 */
export function inProgram(message: string): string {
  return message.replace(quotedOrOption, (text) => {
    if (text.startsWith(' (')) return '';
    return text.startsWith('--') ? `\`${nameOf(text.slice(2))}\`` : text;
  });
}

function nameOf(flag: string): string {
  return otherNames[flag] ?? flag.replace(/-+([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
