import { describe, expect, it } from '@jest/globals';
import { javaVersion } from './java.js';

describe('the version of Java', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['openjdk version "25" 2025-09-16', 25],
    ['java version "1.8.0_401"', 1],
    ['The operation couldn’t be completed. Unable to locate a Java Runtime.', undefined],
  ])('%j is %j', (line, version) => {
    expect(javaVersion(['Picked up JAVA_TOOL_OPTIONS: -Dx=y', line])).toBe(version);
  });
});
