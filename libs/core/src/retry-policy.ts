import { type Duration, readDuration } from './duration.js';
import { DefinitionError } from './errors.js';

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
  /** Codes of failures after which trying again makes no sense. Default: none. */
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

/** @throws DefinitionError naming the option that is out of bounds */
export function readRetry(subject: string, options: RetryOptions): RetrySettings {
  const { initialInterval, maximumInterval, backoffCoefficient, maximumAttempts, jitter } = options;
  const settings: RetrySettings = {
    ...(initialInterval !== undefined && {
      initialIntervalMs: readDuration(subject, 'retry.initialInterval', initialInterval),
    }),
    ...(maximumInterval !== undefined && {
      maximumIntervalMs: readDuration(subject, 'retry.maximumInterval', maximumInterval),
    }),
    ...(backoffCoefficient !== undefined && {
      backoffCoefficient: readNumber(subject, 'retry.backoffCoefficient', backoffCoefficient, 1, 1_000),
    }),
    ...(maximumAttempts !== undefined && {
      maximumAttempts: readNumber(subject, 'retry.maximumAttempts', maximumAttempts, 1, 1_000_000, true),
    }),
    ...(options.nonRetryableCodes && { nonRetryableCodes: [...options.nonRetryableCodes] }),
    ...(jitter !== undefined && { jitter: readNumber(subject, 'retry.jitter', jitter, 0, 1) }),
  };
  const initialMs = settings.initialIntervalMs ?? DEFAULT_STEP_RETRY.initialIntervalMs;
  if (settings.maximumIntervalMs !== undefined && settings.maximumIntervalMs < initialMs) {
    throw new DefinitionError(
      subject,
      'retry.maximumInterval',
      `${settings.maximumIntervalMs} ms is shorter than the initial interval of ${initialMs} ms`,
    );
  }
  return settings;
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
  const backoff = policy.initialIntervalMs * policy.backoffCoefficient ** (attempt - 1);
  const capped = Math.min(backoff, Math.max(policy.maximumIntervalMs, policy.initialIntervalMs));
  return Math.round(capped * (1 + policy.jitter * (2 * random - 1)));
}

function readNumber(
  subject: string,
  option: string,
  value: number,
  least: number,
  most: number,
  whole = false,
): number {
  if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
    throw new DefinitionError(
      subject,
      option,
      `${value} must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}`,
    );
  }
  return value;
}
