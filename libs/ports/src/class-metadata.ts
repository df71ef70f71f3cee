import type { ExposeMetadata, TransformationType, TransformMetadata, TypeMetadata } from 'class-transformer';
import { classTransformerStorage } from './class-transformer-storage.js';

type Found<M> = Omit<M, 'options'> & { readonly options?: M extends { options: infer O } ? O : never };
export type FoundTransform = Found<TransformMetadata>;
export type FoundType = Found<TypeMetadata>;

interface ClassMetadata {
  findTransformMetadatas(target: object, name: string, type: TransformationType): readonly FoundTransform[];
  findExposeMetadata(target: object, name: string): Found<ExposeMetadata> | undefined;
  findTypeMetadata(target: object, name: string): FoundType | undefined;
  getStrategy(target: object): 'excludeAll' | 'exposeAll' | 'none';
  getExposedMetadatas(target: object): readonly Found<ExposeMetadata>[];
  getExcludedMetadatas(target: object): readonly object[];
  getExposedProperties(target: object, type: TransformationType): readonly string[];
  getExcludedProperties(target: object, type: TransformationType): readonly string[];
}

/** What class-transformer was told by decorators, so far as it is read here; its own declarations do not say it. */
export const classMetadata: ClassMetadata = classTransformerStorage;
