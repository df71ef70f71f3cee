import type { DataClass } from '@skald/core';
import { classTransformerStorage } from '@skald/ports';
import { targetConstructorToSchema } from 'class-validator-jsonschema';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Where a document keeps its schemas. */
const POINTER = '#/components/schemas/';

/** Gathers the JSON Schemas of data classes, and of the classes inside them, under their names. */
export class JsonSchemas {
  private readonly schemas = new Map<string, JsonSchema>();
  private readonly classes = new Map<string, DataClass<object>>();

  /**
   * The reference to a class's schema.
   *
   * @throws Error when two classes have one name: a reader could not tell them apart
   */
  reference(type: DataClass<object>): JsonSchema {
    const { name } = type;
    const present = this.classes.get(name);
    if (present !== undefined && present !== type) {
      throw new Error(
        `two data classes are called '${name}': rename one, since documents name schemas by their class`,
      );
    }
    if (present === undefined) this.add(type);
    return { $ref: `${POINTER}${name}` };
  }

  all(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries([...this.schemas].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  private add(type: DataClass<object>): void {
    this.classes.set(type.name, type);
    const schema = targetConstructorToSchema(type, {
      classTransformerMetadataStorage: classTransformerStorage,
      refPointerPrefix: POINTER,
    });
    this.schemas.set(type.name, { title: type.name, ...schema });
    // Nested classes are referred to by name, so their schemas must be there too.
    for (const nested of nestedClasses(type)) this.reference(nested);
  }
}

/** The classes that `@Type` names on the members of a class, and on those it inherits. */
function nestedClasses(type: DataClass<object>): DataClass<object>[] {
  return Object.keys(propertiesOf(type)).flatMap((property) => {
    const metadata = classTransformerStorage.findTypeMetadata(type, property);
    const nested: unknown = metadata?.typeFunction?.();
    return isDataClass(nested) ? [nested] : [];
  });
}

function propertiesOf(type: DataClass<object>): object {
  const { properties } = targetConstructorToSchema(type, {
    classTransformerMetadataStorage: classTransformerStorage,
  });
  return properties ?? {};
}

function isDataClass(value: unknown): value is DataClass<object> {
  return (
    typeof value === 'function' &&
    value !== Object &&
    value !== String &&
    value !== Number &&
    value !== Boolean
  );
}
