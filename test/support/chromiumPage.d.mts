/** The browser's command; undefined where there is none. */
export const chromium: string | undefined;

/** A page in a headless browser, driven through its debugging pipe. */
export interface ChromiumPage {
  /** Value of an expression in the page; promises are awaited. */
  evaluate<T>(expression: string): Promise<T>;
  send(method: string, parameters?: object): Promise<Record<string, unknown>>;
  /** Waits until an expression is true. */
  until(expression: string): Promise<void>;
  key(key: string): Promise<void>;
  mouse(type: 'mouseMoved' | 'mousePressed' | 'mouseReleased', x: number, y: number, modifiers?: number): Promise<void>;
  /** Chooses a file in the input that a selector finds. */
  chooseFile(selector: string, path: string): Promise<void>;
  close(): Promise<void>;
}

export function openPage(
  url: string,
  options: { width: number; height: number; flags?: readonly string[] },
): Promise<ChromiumPage>;
