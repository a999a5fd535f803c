/**
 * Periodic window of `length` samples: a - (1 - a) cos(2 pi n / length), n = 0 .. length - 1, with a = 0.54 (Hamming)
 * or 0.5 (Hann); scipy.signal.get_window(name, length, fftbins=True).
 */
export function periodicWindow(name: 'hamming' | 'hann', length: number): Float64Array {
  const a = name === 'hamming' ? 0.54 : 0.5;
  return Float64Array.from({ length }, (_, n) => a - (1 - a) * Math.cos((2 * Math.PI * n) / length));
}
