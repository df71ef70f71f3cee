/** What of a text PostgreSQL or UTF-8 cannot hold, if there is such a thing: NUL, or half a character. */
export function textProblem(text: string): 'NUL' | 'half a character' | undefined {
  if (text.includes('\0')) return 'NUL';
  return text.isWellFormed() ? undefined : 'half a character';
}

// oxlint-disable-next-line no-control-regex -- control characters are just what must be kept out
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * What of a text cannot stand in an attribute of a message, if there is such a thing: an id, a name. Whatever takes one asks
 * this, so that what is accepted at one door is accepted at all of them.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#type-system
 */
export function attributeProblem(text: string): 'a control character' | 'half a character' | undefined {
  if (CONTROL.test(text)) return 'a control character';
  return text.isWellFormed() ? undefined : 'half a character';
}

/**
 * A text from outside, at most `maximum` UTF-16 units long. What is cut off is marked by an ellipsis, and no character is
 * cut in two.
 */
export function shortened(text: string, maximum: number): string {
  if (text.length <= maximum) return text;
  const kept = text.slice(0, Math.max(0, maximum - 1));
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

/**
 * A text from outside, or what stands in the place of one, as it can be stored and sent: shortened; where it holds what no
 * database or UTF-8 can, such characters are written as JSON would.
 */
export function storable(text: unknown, maximum: number): string {
  const short = shortened(typeof text === 'string' ? text : String(text), maximum);
  return textProblem(short) === undefined ? short : printable(short, maximum);
}

/** The text of whatever a user's function threw, as it can be stored and sent. */
export function thrownText(error: unknown, maximum: number): string {
  try {
    return storable(error instanceof Error ? error.message : error, maximum);
  } catch {
    return 'what was thrown cannot be read';
  }
}

/** Control characters, what turns the direction of text around, separators of lines, and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Surrogate}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/gu;

/**
 * A text from outside as it may stand in a log or on a terminal: on one line, and without anything that would move the
 * cursor, recolour or hide what follows. Such characters are written as JSON would: `\u001b`.
 *
 * @param maximum how long it may get, in UTF-16 units. Default: 10,000
 */
export function printable(text: string, maximum = 10_000): string {
  const escaped = shortened(text, maximum).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return shortened(escaped, maximum);
}
