import { afterEach, beforeEach, expect, vi } from 'vitest';

/** A test that prints a warning or anything else to the console fails: silence is part of the contract. */
const methods = ['log', 'info', 'warn', 'error', 'debug'] as const;
let spies: { mock: { calls: unknown[][] }; mockRestore(): void }[] = [];

beforeEach(() => {
  spies = methods.map((method) => vi.spyOn(console, method).mockImplementation(() => {}));
});

afterEach(() => {
  const printed = spies.flatMap((spy) => spy.mock.calls.map((args) => args.map(String).join(' ')));
  for (const spy of spies) spy.mockRestore();
  expect(printed, 'the test printed to the console').toEqual([]);
});
