import { declaredMembers, firstProblems, validateData } from '@skald/ports';
import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { ProblemException } from './problem.js';

/**
 * Checks what a request says (body, query, path) against its class, as data of messages is checked. A member that the class
 * does not declare is refused by its name, so that a misspelt one is not taken for one that was left out.
 */
@Injectable()
export class CheckedDataPipe implements PipeTransform<unknown, unknown> {
  /** @throws ProblemException 400 `malformed_request` with a sentence for each problem */
  transform(value: unknown, { metatype }: ArgumentMetadata): unknown {
    if (metatype === undefined || !isClass(metatype)) return value;
    // A request without a body has an empty one.
    const data = value ?? {};
    const declared = new Set(declaredMembers(metatype));
    const undeclared = Object.keys(data).filter((name) => !declared.has(name));
    const checked = validateData(metatype, data);
    const own = 'problems' in checked ? checked.problems : [];
    const problems = firstProblems([
      ...undeclared.map((name) => `property ${name} should not exist`),
      ...own,
    ]);
    if ('problems' in checked || problems.length > 0) {
      const title = 'The request is malformed';
      throw new ProblemException(400, 'malformed_request', title, problems.join('; '), problems);
    }
    return checked.value;
  }
}

/** Nest says `String` and the like of what has no class of its own. */
const PLAIN: ReadonlySet<unknown> = new Set([String, Number, Boolean, Array, Object]);

function isClass(metatype: unknown): metatype is new () => object {
  return typeof metatype === 'function' && !PLAIN.has(metatype);
}
