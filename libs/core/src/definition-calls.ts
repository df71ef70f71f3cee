import { checkJson, NotJsonError } from './check-json.js';
import {
  type AnySaga,
  type BranchNode,
  type CallHandler,
  type SagaData,
  type SagaNode,
  type SleepNode,
  type StepNode,
  templateOf,
} from './definition.js';
import { type Duration, readDuration } from './duration.js';
import type { Direction } from './ids.js';
import type { CallAnswer, Failure } from './instance.js';
import type { JsonObject } from './json.js';
import { isRecord } from './read-message.js';
import { printable, shortened, storable, thrownText } from './text.js';

/**
 * Calls the functions of a definition, and takes nothing from them that could not be stored and sent as it is: all of these
 * throw what the function threw, or an error that names the place.
 */

/** What is told of a call's rejection. */
const LONGEST_MESSAGE = 1_000;
/** What is told of an error. */
const LONGEST_REASON = 1_000;
const LONGEST_NAME = 100;

/** A function of the definition threw, or gave what cannot be used: neither a retry nor a compensation can mend that. */
export function defect(step: string, error: unknown): Failure {
  return { step, outcome: 'defect', code: codeOf(error), message: thrownText(error, LONGEST_REASON) };
}

function codeOf(error: unknown): string {
  const threw = 'definition_threw';
  try {
    return error instanceof NotJsonError ? error.code : threw;
  } catch {
    // Even that may throw, of a proxy.
    return threw;
  }
}

/** Builds what a node sends, to see whether it can be sent: the message is built again when it goes out. */
export function checkPayload(node: SagaNode, direction: Direction, data: SagaData): void {
  if (node.kind === 'child') {
    // Its compensation says no more than which child is meant.
    if (direction === 'do') checkObject(node.payload(data), `the input of '${node.name}'`);
    return;
  }
  const template = templateOf(node, direction);
  if (template === undefined) return;
  const of = direction === 'do' ? '' : `the ${direction} of `;
  checkObject(template.payload(data), `the payload of ${of}'${node.name}'`);
}

function checkObject(value: unknown, what: string): void {
  checkJson(value, what);
  if (!isRecord(value)) throw new NotJsonError(`${what} is no object; give an object of its class`);
}

/** The arm of a branch that the data choose. */
export function chosenArm(node: BranchNode, data: SagaData): string {
  const arm: unknown = node.choose(data);
  if (typeof arm === 'string' && Object.hasOwn(node.arms, arm)) return arm;
  const arms = shortened(Object.keys(node.arms).join(', '), 500);
  throw new Error(`there is no arm ${quoted(arm)}; there are ${arms}`);
}

/** The node that a step goes back to, if it does. */
export function jumpTarget(node: StepNode, data: SagaData): string | undefined {
  const target: unknown = node.jump(data);
  if (target === undefined || typeof target === 'string') return target;
  throw new Error(`jump: there is no step ${quoted(target)}; give the name of a step, or undefined to go on`);
}

/** What a completed saga gives; `null` for nothing. */
export function outputOf(definition: AnySaga, data: SagaData): unknown {
  const output = definition.output(data) ?? null;
  checkJson(output, 'the output');
  return output;
}

/** What a saga answers a call, and what it keeps. */
export function answerTo(
  handler: CallHandler,
  data: SagaData,
  request: JsonObject,
): { readonly answer: CallAnswer; readonly keep?: unknown } {
  const { call } = handler;
  const result: unknown = handler.handle(data, request);
  if (!isRecord(result)) throw new NotJsonError('it gave neither an answer nor a rejection');
  if ('reject' in result) {
    const { reject: code, message = '' } = result;
    const isDeclared = typeof code === 'string' && call.rejections.includes(code);
    if (!isDeclared) throw new Error(`it has no rejection ${quoted(code)}; add it to the contract`);
    if (typeof message !== 'string') throw new NotJsonError('the message of its rejection is no text');
    return { answer: { kind: 'rejected', code, message: storable(message, LONGEST_MESSAGE) } };
  }
  const { answer, keep } = result;
  checkJson(answer, `the answer to '${call.name}'`);
  if (keep === undefined) return { answer: { kind: 'answered', data: answer } };
  checkJson(keep, `what '${call.name}' keeps`);
  return { answer: { kind: 'answered', data: answer }, keep };
}

const DATE = /^(?:(\d{4})|[+-]\d{6})-(\d{2})-(\d{2})/;
/** What RFC 3339 and the tables have four digits for. */
const LATEST = Date.parse('9999-12-31T23:59:59.999Z');

/** When a pause ends that begins now: milliseconds since 1970. What has passed already ends it at once. */
export function wakeTime(node: SleepNode, data: SagaData, now: number): number {
  const given: unknown = node.until(data);
  // A date that is none has no text.
  const until = given instanceof Date && !Number.isNaN(given.getTime()) ? given.toISOString() : given;
  const date = typeof until === 'string' ? DATE.exec(until) : null;
  if (date === null) return now + pauseMs(node, until);
  const at = isOnCalendar(date) ? Date.parse(until as string) : Number.NaN;
  if (Number.isNaN(at)) throw new Error(`${quoted(until)} is no date; give ISO 8601, such as 2026-11-20`);
  if (at > LATEST) throw new Error(`${quoted(until)} lies after 9999-12-31; give an earlier date`);
  return Math.max(at, now);
}

function pauseMs({ name }: SleepNode, until: unknown): number {
  try {
    return readDuration(`step '${name}'`, 'until', until as Duration);
  } catch (error) {
    const date = 'for a point in time give a Date, or ISO 8601 text such as 2026-11-20T09:00:00Z';
    throw new Error(`${thrownText(error, LONGEST_REASON)}; ${date}`, { cause: error });
  }
}

/** JavaScript takes the 30th of February for the 2nd of March. */
function isOnCalendar([, year = '2000', month, day]: RegExpExecArray): boolean {
  const daysInMonth = new Date(Date.UTC(2_000 + (Number(year) % 400), Number(month), 0)).getUTCDate();
  return Number(day) <= daysInMonth;
}

function quoted(value: unknown): string {
  return typeof value === 'string' ? `'${printable(value, LONGEST_NAME)}'` : `of type ${typeof value}`;
}
