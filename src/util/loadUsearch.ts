import { AudiosslError, errorText } from './errors.js';

/** The optional package usearch, a program of its own that not every system has. `who` needs it, for the error. */
export async function loadUsearch(who: string) {
  try {
    return (await import('usearch')).default;
  } catch (error) {
    throw new AudiosslError(`${who} needs the package usearch (${errorText(error)}); npm install usearch@2.25.3`, { cause: error });
  }
}
