/**
 * Whether a broker could have a topic of this name: 1 to 249 letters, digits, `.`, `_` and `-`, and neither `.` nor `..`.
 *
 * @see https://github.com/apache/kafka/blob/trunk/clients/src/main/java/org/apache/kafka/common/internals/Topic.java
 */
export function isTopicName(name: string): boolean {
  return name.length <= 249 && /^[\w.-]+$/.test(name) && name !== '.' && name !== '..';
}
