import {
  type AnySaga,
  checkedDefaults,
  checkPolicies,
  DefinitionError,
  definitionRef,
  isRecord,
  type NamespaceDefaults,
} from '@skald/core';
import { withCheckedAnswers } from './checked-answers.js';

/** What only JavaScript lets pass: nothing, as circular imports leave it, and a saga that was not built. */
function checkBuilt(definition: unknown): void {
  if (isRecord(definition) && typeof definition['hash'] === 'string' && Array.isArray(definition['nodes']))
    return;
  const what = definition === undefined ? 'undefined was given, maybe by a circular import' : 'this is none';
  throw new DefinitionError('the sagas', undefined, `each must be what saga()….build() has made; ${what}`);
}

/** The definitions that this process can run, by name and version. */
export class DefinitionRegistry {
  private readonly byRef = new Map<string, AnySaga>();
  private readonly newest = new Map<string, AnySaga>();

  private readonly defaults: NamespaceDefaults;

  /**
   * @param defaults what the namespace sets where a saga says nothing
   * @throws DefinitionError when one of them is out of bounds
   */
  constructor(defaults: NamespaceDefaults = {}) {
    this.defaults = checkedDefaults(defaults);
  }

  /**
   * @returns the definition as it runs: with the namespace's defaults, and with answers to calls checked
   * @throws DefinitionError when another definition has the same name and version, or when what it says does not go together
   *   with what the namespace says
   */
  register(definition: AnySaga): AnySaga {
    checkBuilt(definition);
    const ref = definitionRef(definition);
    const present = this.byRef.get(ref);
    if (present !== undefined && present.hash !== definition.hash) {
      throw new DefinitionError(
        `saga '${ref}'`,
        'version',
        'two different definitions have this name and version; raise the version of the newer one',
      );
    }
    const registered: AnySaga = { ...withCheckedAnswers(definition), defaults: this.defaults };
    checkPolicies(registered);
    this.byRef.set(ref, registered);
    const newest = this.newest.get(definition.name);
    if (newest === undefined || newest.version <= definition.version) {
      this.newest.set(definition.name, registered);
    }
    return registered;
  }

  /** @param ref `name@version` */
  byReference(ref: string): AnySaga | undefined {
    return this.byRef.get(ref);
  }

  /** @param version the newest one when left out */
  find(name: string, version?: number): AnySaga | undefined {
    return version === undefined ? this.newest.get(name) : this.byRef.get(`${name}@${version}`);
  }

  all(): AnySaga[] {
    return [...this.byRef.values()];
  }

  /** `name@version` of each. */
  references(): string[] {
    return [...this.byRef.keys()];
  }

  /** `name@version#hash` of each: what an instance needs that was started with it. */
  structures(): string[] {
    return [...this.byRef].map(([reference, { hash }]) => `${reference}#${hash}`);
  }
}
