import type { DynamicModule, Type } from '@nestjs/common';
import { HANDLER_EXTRAS, type HandlerExtras } from './command-handler.decorator.js';

/** A handler as its decorator describes it, and where it stands. */
export interface ServedContract extends HandlerExtras {
  /** `BotsController.create` */
  readonly place: string;
}

/**
 * Reads which commands are handled by controllers, or by the controllers of modules and of what those import, without
 * starting anything. Modules that are made asynchronously are not seen: name their controllers.
 */
export function servedContracts(...parts: readonly (Type | DynamicModule)[]): ServedContract[] {
  return [...controllersOf(parts, new Set())].flatMap(handlersOf);
}

function controllersOf(parts: readonly unknown[], seen: Set<unknown>): Set<Type> {
  const controllers = new Set<Type>();
  for (const part of parts) {
    if (seen.has(part)) continue;
    seen.add(part);
    const type: unknown = isDynamic(part) ? part.module : part;
    if (!isClass(type)) continue;
    controllers.add(type);
    const dynamic = isDynamic(part) ? part : undefined;
    const inside = [
      ...listOf(Reflect.getMetadata('controllers', type)),
      ...listOf(Reflect.getMetadata('imports', type)),
      ...(dynamic?.controllers ?? []),
      ...(dynamic?.imports ?? []),
    ];
    for (const controller of controllersOf(inside, seen)) controllers.add(controller);
  }
  return controllers;
}

function handlersOf(controller: Type): ServedContract[] {
  const served: ServedContract[] = [];
  const names = new Set<string>();
  for (
    let prototype: unknown = controller.prototype;
    typeof prototype === 'object' && prototype !== null && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (typeof value !== 'function' || names.has(name)) continue;
      names.add(name);
      const extras = Reflect.getMetadata(HANDLER_EXTRAS, value) as HandlerExtras | undefined;
      if (extras !== undefined) served.push({ ...extras, place: `${controller.name}.${name}` });
    }
  }
  return served;
}

function isDynamic(part: unknown): part is DynamicModule {
  return typeof part === 'object' && part !== null && 'module' in part;
}

function isClass(value: unknown): value is Type {
  return typeof value === 'function';
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
