import { defaultMetadataStorage } from '#class-transformer-storage';
import { Transform, TransformationType } from 'class-transformer';
import type { MetadataStorage } from 'class-transformer/types/MetadataStorage.js';

/**
 * What class-transformer's decorators were told of all classes. It has no public name for this, and its files exist twice:
 * for Node, and for bundlers, which take those that its package.json calls `module`. `imports` of our package.json names the
 * ones that fit.
 *
 * @throws Error on the first import, when a bundler took the others for the decorators: each `@Type` and `@Transform` would
 * be dropped in silence
 */
export const classTransformerStorage: MetadataStorage = storageOfDecorators();

function storageOfDecorators(): MetadataStorage {
  class Probe {
    readonly member = undefined;
  }
  Transform(() => undefined)(Probe.prototype, 'member');
  const { PLAIN_TO_CLASS } = TransformationType;
  if (defaultMetadataStorage.findTransformMetadatas(Probe, 'member', PLAIN_TO_CLASS).length === 1) {
    return defaultMetadataStorage;
  }
  throw new Error(
    'class-transformer is in this bundle twice, so that what its decorators say would be lost: let the bundler resolve ' +
      "packages for a browser (by their 'module' field, without the condition 'node'), or leave class-transformer out of the bundle",
  );
}
