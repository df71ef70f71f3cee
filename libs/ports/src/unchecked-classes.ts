import {
  type AnySaga,
  type CommandContract,
  type DataClass,
  definitionRef,
  printable,
  templateOf,
} from '@skald/core';
import { type NestedClass, nestedClasses } from './nested-classes.js';
import { isUnchecked } from './validation.js';

/** A class of JSON data, and what it is for: `the input of saga 'order@1'`. */
export interface ClassUse {
  readonly type: DataClass<object>;
  readonly use: string;
}

/** The classes of what a saga takes, sends and is answered. */
export function classesOfSaga(definition: AnySaga): ClassUse[] {
  const place = `saga '${definitionRef(definition)}'`;
  const uses: ClassUse[] = [{ type: definition.input, use: `the input of ${place}` }];
  for (const node of definition.nodes) {
    for (const direction of ['do', 'undo', 'probe'] as const) {
      const template = templateOf(node, direction);
      if (template !== undefined) uses.push(...classesOfCommand(template.command));
    }
    if (node.kind !== 'wait') continue;
    for (const { name, data } of node.signals) uses.push({ type: data, use: `the data of signal '${name}'` });
  }
  for (const { call } of definition.calls) uses.push(...classesOf(call, `call '${call.name}'`));
  return uses;
}

export function classesOfCommand(contract: CommandContract): ClassUse[] {
  return classesOf(contract, `command '${contract.type}'`);
}

/**
 * A sentence for each class that has no class-validator decorator, and for each member of a class whose own class nobody looks
 * at, naming it and its first use, with what to do: its data is taken as it comes.
 */
export function uncheckedClasses(uses: Iterable<ClassUse>): string[] {
  const sentences: string[] = [];
  const seen = new Set<DataClass<object>>();
  const look = ({ type, use }: ClassUse): void => {
    if (seen.has(type)) return;
    seen.add(type);
    if (isUnchecked(type)) sentences.push(ofClass(type, use));
    for (const nested of nestedClasses(type)) {
      if (nested.isChecked) look({ type: nested.type, use: `'${nested.member}' of ${use}` });
      else sentences.push(ofMember(type, use, nested));
    }
  };
  for (const use of uses) look(use);
  return sentences;
}

function ofClass(type: DataClass<object>, use: string): string {
  return (
    `the class '${printable(type.name, 100)}' (${printable(use, 200)}) has no class-validator decorator, so its data is ` +
    'not checked, and members that it does not declare are kept: decorate each member, such as with @IsString(), or with ' +
    '@Allow() where anything is right'
  );
}

function ofMember(type: DataClass<object>, use: string, { member, type: own }: NestedClass): string {
  const names = [member, type.name, own.name].map((name) => printable(name, 100));
  return (
    `the member '${names[0]}' of the class '${names[1]}' (${printable(use, 200)}) is of the class '${names[2]}', and what is in it ` +
    `is not checked: decorate it with @ValidateNested() and @Type(() => ${names[2]}), or with @Allow() where anything is right`
  );
}

function classesOf(
  { request, reply }: { readonly request: DataClass<object>; readonly reply?: DataClass<object> | undefined },
  of: string,
): ClassUse[] {
  const uses: ClassUse[] = [{ type: request, use: `the request of ${of}` }];
  if (reply !== undefined) uses.push({ type: reply, use: `the reply of ${of}` });
  return uses;
}
