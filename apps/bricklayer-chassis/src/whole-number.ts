/** Of a variable: least and most. */
export type Bounds = readonly [least: number, most: number];

/**
 * Reads a variable that is a whole number in digits; one that is empty is not there. What is wrong goes to `problems`: the name of
 * the variable and its bounds, never its value.
 */
export function readWhole(
  env: NodeJS.ProcessEnv,
  variable: string,
  [least, most]: Bounds,
  problems: string[],
): number | undefined {
  const text = env[variable];
  if (!text) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  problems.push(`${variable} must be a whole number from ${least} to ${most}`);
  return undefined;
}
