import { describe, expect, it } from '@jest/globals';
import { isEnvironments } from './environment.js';
import * as errors from './errors.js';
import {
  ConcurrentChangeError,
  MessageRefusedError,
  StoreUnavailableError,
  StoreUnusableError,
  UnstorableError,
} from './errors.js';

const coded = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code });

describe('an error', () => {
  it.each<[string, unknown]>([
    ['of a store that is away', new StoreUnavailableError('x')],
    ['of a store that somebody has set up wrongly', new StoreUnusableError('x')],
    ['of a lost race', new ConcurrentChangeError('x')],
    ['of a connection', coded('ECONNREFUSED')],
    [
      'of a connection behind others',
      new Error('outer', { cause: new Error('x', { cause: coded('ETIMEDOUT') }) }),
    ],
    ['of a connection that went', new Error('Connection terminated unexpectedly')],
    ['of a server that shuts down', coded('57P01')],
    ['of a lock that took too long', coded('55P03')],
    ['of a deadlock', coded('40P01')],
    ['of a table that is missing', coded('42P01')],
  ])('%s is not the fault of the work', (_what, error) => {
    expect(isEnvironments(error)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['of a value that cannot be stored', new UnstorableError('x')],
    ['of a message that the broker refuses', new MessageRefusedError([])],
    ['of the code', new TypeError('x')],
    ['of the data', coded('22P05')],
    ['of a constraint', coded('23505')],
    ['of a limit of the program', coded('54000')],
    ['that is none', 'a text'],
  ])('%s is the fault of the work', (_what, error) => {
    expect(isEnvironments(error)).toBe(false);
  });
});

/** Whoever adds a class decides here whose fault it is. */
const WORK = false;
const ENVIRONMENT = true;
const VERDICTS: Readonly<Record<string, boolean>> = {
  ConcurrentChangeError: ENVIRONMENT,
  StartedBeforeError: ENVIRONMENT,
  StoreTooSlowError: ENVIRONMENT,
  UnstorableError: WORK,
  StoreUnavailableError: ENVIRONMENT,
  StoreNotSetUpError: ENVIRONMENT,
  StoreUnusableError: ENVIRONMENT,
  TransportUnavailableError: ENVIRONMENT,
  MessageRefusedError: WORK,
  RequestRefusedError: WORK,
  UnknownDefinitionError: WORK,
};

describe('an error class that a store or a transport may throw', () => {
  const classes = Object.entries(errors).filter(([name]) => name.endsWith('Error'));

  it('has a verdict, whichever it is', () => {
    expect(classes.map(([name]) => name).toSorted()).toEqual(Object.keys(VERDICTS).toSorted());
  });

  it.each(classes)('is judged as it should be: %s', (name, { prototype }) => {
    expect(isEnvironments(Object.create(prototype))).toBe(VERDICTS[name]);
  });
});
