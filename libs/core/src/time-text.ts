const MOST = 100;
const texts = new Map<number, string>();

/**
 * A time as RFC 3339 text, to the millisecond. What happens in one turn has few different times in many messages and rows, so the
 * last ones are remembered.
 *
 * @param at milliseconds since 1970
 */
export function timeText(at: number): string {
  const known = texts.get(at);
  if (known !== undefined) return known;
  if (texts.size >= MOST) texts.clear();
  const text = new Date(at).toISOString();
  texts.set(at, text);
  return text;
}
