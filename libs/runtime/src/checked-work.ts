import {
  type AnySaga,
  commandActedOn,
  type DataClass,
  isRecord,
  type OperatorAction,
  type SagaInstance,
  type SagaNode,
} from '@skald/core';
import { RequestRefusedError, validateData } from '@skald/ports';
import type { OutsideWork, ReplyWork } from './work.js';

/**
 * What came from outside, with its data checked against the contract: only what that declares is left of it.
 *
 * @throws RequestRefusedError
 */
export function checkedWork<W extends ReplyWork | OutsideWork>(
  definition: AnySaga,
  instance: SagaInstance,
  work: W,
): W {
  switch (work.kind) {
    case 'signal': {
      const type = signalClass(definition, work.signal);
      return type === undefined
        ? work
        : { ...work, data: checked(type, work.data, 'the data of the signal') };
    }
    case 'call': {
      const type = definition.calls.find(({ call }) => call.name === work.call)?.call.request;
      return type === undefined
        ? work
        : { ...work, request: checked(type, work.request, 'the data of the call') };
    }
    case 'operator':
      return { ...work, action: checkedAction(definition, instance, work.action) };
    default:
      return work;
  }
}

/** What an operator puts in the place of data must be what could have stood there. */
function checkedAction(definition: AnySaga, instance: SagaInstance, action: OperatorAction): OperatorAction {
  switch (action.kind) {
    case 'edit':
    case 'repair': {
      const data = Object.entries(action.data).map(([name, value]) => [
        name,
        name === 'input'
          ? checked(definition.input, value, "the data of 'input'")
          : checkedResult(nodeThatKeeps(definition, name), value, `the data of '${name}'`),
      ]);
      return { ...action, data: Object.fromEntries(data) };
    }
    case 'skip': {
      const place = commandActedOn(definition, instance, action.step);
      const { suspension, visits } = instance;
      const direction = place?.direction ?? suspension?.direction ?? 'do';
      if (action.output === undefined || direction !== 'do') return action;
      const step = place === undefined ? suspension?.step : visits[place.index]?.step;
      const node = definition.nodes.find(({ name }) => name === step);
      return { ...action, output: checkedResult(node, action.output, 'the output') };
    }
    default:
      return action;
  }
}

/** What a node would have given. A child saga's output has no class, and what a call keeps neither. */
function checkedResult(node: SagaNode | undefined, value: unknown, what: string): unknown {
  if (node?.kind === 'step') {
    const { reply } = node.command;
    return reply === undefined || value === null ? value : checked(reply, value, what);
  }
  if (node?.kind !== 'wait') return value;
  const signal = isRecord(value) ? value['signal'] : undefined;
  if (signal === 'timeout') return { signal };
  const contract = node.signals.find(({ name }) => name === signal);
  if (contract === undefined || !isRecord(value)) {
    const names = [...node.signals.map(({ name }) => name), 'timeout'].join(', ');
    throw new RequestRefusedError(
      'invalid_input',
      `${what} is invalid: its 'signal' must be one of ${names}`,
    );
  }
  return { signal, data: checked(contract.data, value['data'], what) };
}

function nodeThatKeeps(definition: AnySaga, name: string): SagaNode | undefined {
  return definition.nodes.find(({ as }) => as === name);
}

function signalClass(definition: AnySaga, signal: string): DataClass<object> | undefined {
  for (const node of definition.nodes) {
    const contract = node.kind === 'wait' && node.signals.find(({ name }) => name === signal);
    if (contract) return contract.data;
  }
  return undefined;
}

function checked(type: DataClass<object>, data: unknown, what: string): object {
  const found = validateData(type, data);
  if ('data' in found) return found.data;
  throw new RequestRefusedError(
    'invalid_input',
    `${what} is invalid: ${found.problems.join('; ')}`,
    found.problems,
  );
}
