import { describe, expect, it } from '@jest/globals';
import {
  ConcurrentChangeError,
  isEnvironments,
  StoreNotSetUpError,
  StoreTooSlowError,
  StoreUnavailableError,
  UnstorableError,
} from '@skald/ports';
import { isConnectionError } from './is-connection-error.js';
import { isAway, makingValues, storeError, unavailable } from './store-error.js';

const fromServer = (code: string, more: object = {}): Error =>
  Object.assign(new Error('a text that may quote "secret"'), { code, severity: 'ERROR', ...more });

describe('an error of PostgreSQL, as the engine understands it', () => {
  it.each([
    ['a time out of range', fromServer('22008')],
    ['NUL in a text', fromServer('22021')],
    ['no JSON', fromServer('22P02')],
    ['a value that is missing', fromServer('23502', { table: 'skald_instance' })],
    ['a key of another table', fromServer('23505', { table: 'skald_outbox' })],
    ['a row of an index that is too large', fromServer('54000')],
    ['more rows than one', fromServer('21000')],
    ['what a view refuses', fromServer('44000')],
    ['what a trigger raises', fromServer('P0001')],
  ])('says that the values are at fault, quoting none of them: %s', (_, error) => {
    const told = storeError(error);
    expect(told).toBeInstanceOf(UnstorableError);
    expect(told).toMatchObject({ cause: error, message: expect.not.stringContaining('secret') });
  });

  it.each([
    ['the same instance', fromServer('23505', { table: 'skald_instance' })],
    ['the same entry of a history', fromServer('23505', { table: 'skald_history' })],
    ['two that waited for each other', fromServer('40P01')],
    ['two that cannot be put in an order', fromServer('40001')],
  ])('says that another worker was faster: %s', (_, error) => {
    expect(storeError(error)).toBeInstanceOf(ConcurrentChangeError);
  });

  it.each([
    ['no table', fromServer('42P01')],
    ['too many connections', fromServer('53300')],
    ['a full disk', fromServer('53100')],
    ['a lock that nobody gives up', fromServer('55P03')],
    ['a server that stops', fromServer('57P01')],
    ['nobody there', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })],
    ['a connection that broke', new Error('Connection terminated unexpectedly')],
    ['a pool that has no connection left', new Error('timeout exceeded when trying to connect')],
  ])('says that trying again later is right: %s', (_, error) => {
    expect(storeError(error)).toBeInstanceOf(StoreUnavailableError);
  });

  it.each([
    ['a statement', fromServer('57014')],
    ['a transaction that said nothing', fromServer('25P03')],
  ])(
    'says that less at once may be fast enough, or a later hour better, where it has cut off %s',
    (_, error) => {
      expect(storeError(error)).toBeInstanceOf(StoreTooSlowError);
      expect(isEnvironments(storeError(error))).toBe(true);
    },
  );

  it.each([
    ['a login that is refused', fromServer('28P01')],
    ['a database that is not there', fromServer('3D000')],
    ['tables that are not there', fromServer('42P01')],
    ['rights that are missing', fromServer('42501')],
  ])('says that a process which boots need not wait: %s', (_, error) => {
    expect(storeError(error)).toBeInstanceOf(StoreNotSetUpError);
    expect(unavailable(error)).toBeInstanceOf(StoreNotSetUpError);
    expect(isAway(error)).toBe(false);
  });

  it.each([
    ['a server that starts', fromServer('57P03')],
    ['too many connections', fromServer('53300')],
    ['no name for it yet', Object.assign(new Error('getaddrinfo ENOTFOUND db'), { code: 'ENOTFOUND' })],
    ['no way to it', Object.assign(new Error('connect EHOSTUNREACH'), { code: 'EHOSTUNREACH' })],
    ['a server that hangs up', new Error('Connection terminated unexpectedly')],
    ['a server that takes connections and says nothing', new Error('timeout expired')],
  ])('says that a process which boots should wait: %s', (_, error) => {
    expect(isAway(error)).toBe(true);
    expect(isAway(unavailable(error))).toBe(true);
  });

  it.each([new TypeError('x is undefined'), fromServer('22P02'), new Error('boom')])(
    'says that no waiting mends what is none of the hour: %p',
    (error) => {
      expect(isAway(error)).toBe(false);
    },
  );

  it.each([new TypeError('x is undefined'), 'a text', new UnstorableError('x')])(
    'leaves alone what is none: %p',
    (error) => {
      expect(storeError(error)).toBe(error);
    },
  );

  it('is of the hour when a connection could not be had, whatever was thrown', () => {
    expect(unavailable(new AggregateError([]))).toBeInstanceOf(StoreUnavailableError);
    expect(unavailable('x').message).toBe('PostgreSQL cannot be reached');
  });

  it('is of the values when they cannot even be made', () => {
    expect(() => makingValues(() => JSON.stringify({ n: 1n }))).toThrow(UnstorableError);
    expect(makingValues(() => JSON.stringify({ n: 1 }))).toBe('{"n":1}');
  });
});

describe('whose fault an error of PostgreSQL is', () => {
  const CODES =
    '08006 0A000 21000 22021 22P02 23502 23505 23514 25006 25P02 28P01 3D000 40001 40P01 42P01 42501 44000 53100 53300 54000 ' +
    '55P03 57014 57P01 58030 F0000 P0001 P0002 XX000';
  it.each(CODES.split(' '))('is the same for the store as for the runtime: SQLSTATE %s', (code) => {
    const error = fromServer(code, { table: 'skald_outbox' });
    expect(isEnvironments(storeError(error))).toBe(isEnvironments(error));
  });

  const SYSTEM =
    'EAI_AGAIN ECONNABORTED ECONNREFUSED ECONNRESET EHOSTDOWN EHOSTUNREACH ENETDOWN ENETUNREACH ENOTFOUND EPIPE ETIMEDOUT';
  it.each(SYSTEM.split(' '))('is the connection, at every place that asks: %s', (code) => {
    const error = Object.assign(new Error(`read ${code}`), { code });
    expect(isConnectionError(error)).toBe(true);
    expect(isEnvironments(error)).toBe(true);
    expect(storeError(error)).toBeInstanceOf(StoreUnavailableError);
  });

  it.each(['EMFILE', 'ENFILE', 'EPERM', 'EBUSY', 'EROFS', 'EBADF', 'EISDIR'])(
    'is the same for both when the system says %s, which is no SQLSTATE',
    (code) => {
      const error = Object.assign(new Error('x'), { code });
      expect(isEnvironments(storeError(error))).toBe(isEnvironments(error));
    },
  );
});
