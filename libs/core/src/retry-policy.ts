import { type Duration, readDuration } from './duration.js';
import { DefinitionError } from './errors.js';
import { checkNumber, checkOptions, checkWhole } from './options.js';

/** How often, and after what pauses, a command is sent again when it failed or was not answered in time. */
export interface RetryOptions {
  /** Pause before the second attempt. Default: 1 second. 0 sends again at once. */
  readonly initialInterval?: Duration;
  /** Each further pause is the one before times this. Default: 2. At least 1. */
  readonly backoffCoefficient?: number;
  /** No pause is longer than this, before jitter. Default: 1 minute. At least the initial interval. */
  readonly maximumInterval?: Duration;
  /**
   * Attempts in all, the first one included. Default: 5 for a step, 10 for a compensation, no limit for a retriable
   * step. At least 1.
   */
  readonly maximumAttempts?: number;
  /** Each pause is moved by up to this part of itself, up or down, at random. Default: 0.2. From 0 to 1. */
  readonly jitter?: number;
  /**
   * Codes of failures after which trying again makes no sense. Default: none. Never tried again, whatever stands here, is
   * what a participant would only say again: `payload_changed`, `id_conflict` and `reply_refused`.
   */
  readonly nonRetryableCodes?: readonly string[];
}

/** Retry options as they are stored in a definition: checked, times in milliseconds. */
export interface RetrySettings {
  readonly initialIntervalMs?: number;
  readonly backoffCoefficient?: number;
  readonly maximumIntervalMs?: number;
  readonly maximumAttempts?: number;
  readonly jitter?: number;
  readonly nonRetryableCodes?: readonly string[];
}

/** A policy with nothing left open. */
export type RetryPolicy = Required<RetrySettings>;

export const DEFAULT_STEP_RETRY: RetryPolicy = {
  initialIntervalMs: 1_000,
  backoffCoefficient: 2,
  maximumIntervalMs: 60_000,
  maximumAttempts: 5,
  jitter: 0.2,
  nonRetryableCodes: [],
};

/** Undoing is tried longer than doing: when it ends without success, a person has to act. */
export const DEFAULT_UNDO_RETRY: RetryPolicy = { ...DEFAULT_STEP_RETRY, maximumAttempts: 10 };

/** After the pivot there is no way back, so trying ends only with success, or when an operator ends it. */
export const DEFAULT_RETRIABLE_RETRY: RetryPolicy = {
  ...DEFAULT_STEP_RETRY,
  maximumAttempts: Number.POSITIVE_INFINITY,
};

/** What a participant says again however often it is asked: the command's id decides, and that stays the same. */
const FINAL_FAILURES: ReadonlySet<string> = new Set(['payload_changed', 'id_conflict', 'reply_refused']);

/** Whether another attempt after a failure with this code makes no sense. */
export function isFinalFailure({ nonRetryableCodes }: RetryPolicy, code: string): boolean {
  return FINAL_FAILURES.has(code) || nonRetryableCodes.includes(code);
}

const RETRY_OPTIONS = [
  'initialInterval',
  'backoffCoefficient',
  'maximumInterval',
  'maximumAttempts',
  'jitter',
  'nonRetryableCodes',
];

/**
 * Whether the longest interval is long enough shows only when what it inherits is known: see `checkPolicies`.
 *
 * @throws DefinitionError naming the option that is out of bounds, or that there is not
 */
export function readRetry(subject: string, options: RetryOptions): RetrySettings {
  checkOptions(subject, 'retry.', options, RETRY_OPTIONS);
  const { initialInterval, maximumInterval, backoffCoefficient, maximumAttempts, jitter } = options;
  const { nonRetryableCodes } = options;
  if (backoffCoefficient !== undefined) {
    checkNumber(subject, 'retry.backoffCoefficient', backoffCoefficient, 1, 1_000);
  }
  if (maximumAttempts !== undefined) {
    checkWhole(subject, 'retry.maximumAttempts', maximumAttempts, 1, 1_000_000);
  }
  if (jitter !== undefined) checkNumber(subject, 'retry.jitter', jitter, 0, 1);
  const areCodes =
    nonRetryableCodes === undefined ||
    (Array.isArray(nonRetryableCodes) && nonRetryableCodes.every((code) => typeof code === 'string'));
  if (!areCodes) throw new DefinitionError(subject, 'retry.nonRetryableCodes', 'must be a list of texts');
  const settings: RetrySettings = {
    ...(initialInterval !== undefined && {
      initialIntervalMs: readDuration(subject, 'retry.initialInterval', initialInterval),
    }),
    ...(maximumInterval !== undefined && {
      maximumIntervalMs: readDuration(subject, 'retry.maximumInterval', maximumInterval),
    }),
    ...(backoffCoefficient !== undefined && { backoffCoefficient }),
    ...(maximumAttempts !== undefined && { maximumAttempts }),
    ...(nonRetryableCodes !== undefined && { nonRetryableCodes: [...nonRetryableCodes] }),
    ...(jitter !== undefined && { jitter }),
  };
  if (settings.initialIntervalMs !== undefined) {
    checkIntervals(subject, settings.initialIntervalMs, settings.maximumIntervalMs);
  }
  return settings;
}

/** @throws DefinitionError when a pause would be longer than the longest */
export function checkIntervals(
  subject: string,
  initialMs: number,
  maximumMs = Number.POSITIVE_INFINITY,
): void {
  if (maximumMs >= initialMs) return;
  const problem = `${maximumMs} ms is shorter than the initial interval of ${initialMs} ms`;
  throw new DefinitionError(subject, 'retry.maximumInterval', problem);
}

/** Merges from the general to the particular; what the later ones leave open, the earlier ones say. */
export function mergeRetry(base: RetryPolicy, ...layers: (RetrySettings | undefined)[]): RetryPolicy {
  let merged = base;
  for (const layer of layers) {
    if (layer !== undefined) merged = { ...merged, ...layer };
  }
  return merged;
}

/**
 * The pause after a failed attempt, in whole milliseconds: exponential backoff, capped, with jitter.
 *
 * @param attempt the number of the attempt that failed, from 1
 * @param random from 0 (inclusive) to 1 (exclusive)
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, random: number): number {
  const { initialIntervalMs, maximumIntervalMs, jitter } = policy;
  // After some hundred attempts the power is infinite, and infinitely often nothing is no number.
  if (initialIntervalMs === 0) return 0;
  const backoff = initialIntervalMs * policy.backoffCoefficient ** (attempt - 1);
  const capped = Math.min(backoff, Math.max(maximumIntervalMs, initialIntervalMs));
  return Math.round(capped * (1 + jitter * (2 * random - 1)));
}
