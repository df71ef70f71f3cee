import { describe, expect, it } from '@jest/globals';
import { givenBrokers, givenDatabaseUrl } from './given.js';

describe('KAFKA_BROKERS', () => {
  it.each([
    ['localhost:9092', ['localhost:9092']],
    [' a.example:9092 , b.example:9093 ', ['a.example:9092', 'b.example:9093']],
    ['[::1]:9092', ['[::1]:9092']],
  ])('%j names the brokers %j', (text, brokers) => {
    expect(givenBrokers({ KAFKA_BROKERS: text })).toEqual(brokers);
  });

  it.each([undefined, '', '  '])('names none when it is %j', (text) => {
    expect(givenBrokers({ KAFKA_BROKERS: text })).toBeUndefined();
  });

  it.each([
    'localhost',
    'localhost:',
    ':9092',
    'localhost:0',
    'localhost:70000',
    'a:1,,b:2',
    'kafka://a:9092',
  ])('is refused when it reads %j, and the error says how to write it', (text) => {
    expect(() => givenBrokers({ KAFKA_BROKERS: text })).toThrow(/KAFKA_BROKERS names ".*": write host:port/);
  });
});

describe('DATABASE_URL', () => {
  it.each(['postgres://skald:skald@localhost:5432/skald', 'postgresql://db.example/x?sslmode=require'])(
    'is taken as it is: %s',
    (url) => {
      expect(givenDatabaseUrl({ DATABASE_URL: url })).toBe(url);
    },
  );

  it.each([undefined, '', '  '])('names none when it is %j', (url) => {
    expect(givenDatabaseUrl({ DATABASE_URL: url })).toBeUndefined();
  });

  it.each(['localhost:5432', 'mysql://u:secret@localhost/x', 'postgres:///x', 'secret'])(
    'is refused when it reads %j, and the error does not repeat a password',
    (url) => {
      expect(() => givenDatabaseUrl({ DATABASE_URL: url })).toThrow(
        expect.objectContaining({
          code: 'INVALID_SETTING',
          message: expect.not.stringContaining('secret'),
        }),
      );
    },
  );
});
