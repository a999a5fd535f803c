/**
 * A perceptually even colour map for log-mel pictures: lightness rises in equal steps (OKLab, B. Ottosson 2020) from near black to pale
 * yellow, hue turns from violet over red to yellow, so that it reads the same in grey, in print and to colour-blind readers.
 */
const steps = 256;
const lightness: [number, number] = [0.13, 0.96];
const hueDegrees: [number, number] = [285, 460];

/** 256 x [red, green, blue], 0 .. 255. */
export const colourMap: Uint8Array = makeColourMap();

function makeColourMap(): Uint8Array {
  const table = new Uint8Array(3 * steps);
  for (let i = 0; i < steps; i++) {
    const t = i / (steps - 1);
    const light = lightness[0] + t * (lightness[1] - lightness[0]);
    const hue = ((hueDegrees[0] + t * (hueDegrees[1] - hueDegrees[0])) * Math.PI) / 180;
    // Colourful in the middle, nearly grey at the ends, and never outside of what a screen can show.
    let chroma = 0.04 + 0.15 * Math.sin(Math.PI * t) ** 0.8;
    while (chroma > 0 && !isShown(oklchToLinear(light, chroma, hue))) chroma -= 0.002;
    table.set(oklchToLinear(light, Math.max(0, chroma), hue).map(encodeSrgb), 3 * i);
  }
  return table;
}

function oklchToLinear(light: number, chroma: number, hue: number): [number, number, number] {
  const a = chroma * Math.cos(hue);
  const b = chroma * Math.sin(hue);
  const l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (light - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

function isShown(linear: readonly number[]): boolean {
  return linear.every((value) => value >= 0 && value <= 1);
}

function encodeSrgb(linear: number): number {
  const value = Math.min(1, Math.max(0, linear));
  return Math.round(255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055));
}
