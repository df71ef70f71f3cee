import { parseArgs } from 'node:util';
import { VARIANTS, type Variant } from '../work.js';

export class BenchOptionError extends Error {}

/** What each flag is when it is not given: `false` for one that is a switch, undefined for one that may be left out. */
type Defaults = Readonly<Record<string, string | false | undefined>>;

/** The flags of a command. Whatever is wrong with one of them is said together with the command's usage. */
export class Flags<D extends Defaults> {
  private constructor(
    private readonly usage: string,
    private readonly values: Readonly<Record<string, unknown>>,
  ) {}

  /** @throws BenchOptionError when there is no such flag */
  static read<const D extends Defaults>(usage: string, args: readonly string[], defaults: D): Flags<D> {
    const options = Object.fromEntries(
      Object.keys(defaults).map((flag) => [
        flag,
        { type: defaults[flag] === false ? ('boolean' as const) : ('string' as const) },
      ]),
    );
    try {
      return new Flags(usage, { ...defaults, ...parseArgs({ args: [...args], options }).values });
    } catch (error) {
      throw new BenchOptionError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    }
  }

  isSet(flag: keyof D & string): boolean {
    return this.values[flag] === true;
  }

  text(flag: keyof D & string): string | undefined {
    const value = this.values[flag];
    return typeof value === 'string' ? value : undefined;
  }

  /** @throws BenchOptionError saying what to correct; so do those below */
  whole(flag: keyof D & string, minimum: number, maximum?: number): number {
    return this.number(flag, this.text(flag) ?? '', minimum, maximum);
  }

  wholeIfGiven(flag: keyof D & string, minimum: number): number | undefined {
    return this.text(flag) === undefined ? undefined : this.whole(flag, minimum);
  }

  wholes(flag: keyof D & string, minimum: number): number[] {
    return this.list(flag).map((text) => this.number(flag, text, minimum));
  }

  variants(flag: keyof D & string): Variant[] {
    return this.list(flag).map((text) => {
      const variant = VARIANTS.find((one) => one === text);
      if (variant === undefined) throw this.problem(flag, text, `one of ${VARIANTS.join(', ')}`);
      return variant;
    });
  }

  private list(flag: string): string[] {
    const text = this.text(flag) ?? '';
    const parts = text.split(',').map((part) => part.trim());
    if (parts.some((part) => part === '')) throw this.problem(flag, text, 'values separated by commas');
    return parts;
  }

  private number(flag: string, text: string, minimum: number, maximum = Number.MAX_SAFE_INTEGER): number {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value;
    const upTo = maximum === Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`;
    throw this.problem(flag, text, `a whole number from ${minimum}${upTo}`);
  }

  private problem(flag: string, text: string, wanted: string): BenchOptionError {
    return new BenchOptionError(`--${flag} is '${text}'; give ${wanted}\n\n${this.usage}`);
  }
}
