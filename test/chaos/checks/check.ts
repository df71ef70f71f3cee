import type { Cluster } from '../cluster.js';
import type { Load } from '../load.js';
import type { TopicEnds } from '../topic-ends.js';

/** What is left of a run when everything has come to rest. */
export interface Rest {
  readonly cluster: Cluster;
  readonly load: Load;
  readonly topicEnds: TopicEnds;
}

export interface Violation {
  readonly what: string;
  /** The saga that shows it, where there is one. */
  readonly sagaId?: string;
}

/** Something that must hold after every run. */
export interface Check {
  readonly name: string;
  run(rest: Rest): Promise<Violation[]>;
}
