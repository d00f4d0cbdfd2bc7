// Micro-units (six decimals) as BigInt, exact both ways. No amount here is ever a float.

export const MICRO = 1_000_000n;
const NUMBER = /^(\d{0,13})(?:\.(\d*))?$/;

/** "1.25" -> 1250000n; null for what is no number or has more than six decimals. */
export function parseMicro(text) {
  const match = NUMBER.exec(text.replace(/[,\s]/g, ""));
  if (!match || !(match[1] || match[2])) return null;
  const part = (match[2] ?? "").replace(/0+$/, "");
  if (part.length > 6) return null;
  return BigInt(match[1] || "0") * MICRO + BigInt(part.padEnd(6, "0"));
}

/** 1250000n -> "1.25", with commas between thousands and at least `decimalsMin` decimals. */
export function formatMicro(micro, decimalsMin = 0) {
  const sign = micro < 0n ? "-" : "";
  const size = micro < 0n ? -micro : micro;
  const whole = (size / MICRO).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const part = (size % MICRO).toString().padStart(6, "0").replace(/0+$/, "").padEnd(decimalsMin, "0");
  return sign + whole + (part && `.${part}`);
}

/** Grams in the unit that reads best, exactly: "250 g", "12.5 kg", "1.2 t". */
export function formatMass(grams) {
  if (grams < 1_000n) return `${grams} g`;
  if (grams < MICRO) return `${formatMicro(grams * 1_000n)} kg`;
  return `${formatMicro(grams)} t`;
}

/** How many decimals a multiple of this increment ("0.01") needs. */
export function decimalsOf(increment) {
  return (increment.split(".")[1] ?? "").replace(/0+$/, "").length;
}
