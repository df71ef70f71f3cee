import { type AnySaga, type CommandContract, definitionRef, type SagaNode, templateOf } from '@skald/core';
import type { ServedContract } from './served-contracts.js';

/**
 * Compares what sagas send with what participants serve, for a test that holds the two sides together:
 *
 *     expect(checkServed([OrderSaga], servedContracts(PaymentModule, StockModule))).toEqual([]);
 *
 * Where both sides import the same contract they agree; where each has a copy, types, class names and rejections are
 * compared, and not the fields of the classes.
 *
 * @returns one sentence for each problem; none when everything that is sent is served as the saga means it
 */
export function checkServed(sagas: readonly AnySaga[], served: readonly ServedContract[]): string[] {
  const byType = new Map(served.map((one) => [one.contract.type, one]));
  return sagas.flatMap((saga) =>
    saga.nodes.flatMap((node) =>
      problemsOfNode(node, byType).map(
        (problem) => `saga '${definitionRef(saga)}', step '${node.name}': ${problem}`,
      ),
    ),
  );
}

function problemsOfNode(node: SagaNode, byType: ReadonlyMap<string, ServedContract>): string[] {
  const action = templateOf(node, 'do')?.command;
  const undo = templateOf(node, 'undo')?.command;
  const probe = templateOf(node, 'probe')?.command;
  if (action === undefined) return [];
  return [
    ...problemsOf(action, byType.get(action.type), 'action'),
    ...(undo === undefined ? [] : problemsOf(undo, byType.get(undo.type), 'compensation')),
    ...(undo === undefined ? [] : problemsOfPair(byType.get(action.type), byType.get(undo.type))),
    ...(probe === undefined ? [] : problemsOfProbe(byType.get(action.type), probe, byType.get(probe.type))),
  ];
}

function problemsOf(
  sent: CommandContract,
  served: ServedContract | undefined,
  part: 'action' | 'compensation',
): string[] {
  const decorator = part === 'action' ? '@CommandHandler' : '@CompensationHandler';
  if (served === undefined) {
    return [
      `its ${part} '${sent.type}' is served by nobody; put ${decorator} on a method of '${sent.participant}'`,
    ];
  }
  const { contract, isCompensation = false, place } = served;
  const problems: string[] = [];
  if (part === 'action' && isCompensation) {
    problems.push(
      `its action '${sent.type}' is served by a @CompensationHandler, ${place}; use @CommandHandler`,
    );
  }
  if (contract === sent) return problems;
  const differ = (what: string, here: string, there: string): void => {
    if (here === there) return;
    problems.push(
      `its ${part} '${sent.type}' has ${what} ${here} for the saga and ${there} for ${place}; share one contract`,
    );
  };
  differ('the request', sent.request.name, contract.request.name);
  differ('the reply', sent.reply?.name ?? 'nothing', contract.reply?.name ?? 'nothing');
  differ('the rejections', rejectionsOf(sent), rejectionsOf(contract));
  return problems;
}

function problemsOfPair(action: ServedContract | undefined, undo: ServedContract | undefined): string[] {
  if (action === undefined || undo === undefined) return [];
  if ((action.transaction === 'none') === (undo.transaction === 'none')) return [];
  return [
    `${action.place} and ${undo.place}, which undoes it, must both be { transaction: 'none' } or neither: ` +
      'without a row of the action its compensation would undo nothing',
  ];
}

/** Where there is a barrier, it answers; a handler for the same would go unheard. */
function problemsOfProbe(
  action: ServedContract | undefined,
  probe: CommandContract,
  served: ServedContract | undefined,
): string[] {
  const needsHandler = action?.transaction === 'none';
  if (needsHandler === (served?.transaction === 'none')) return [];
  return needsHandler
    ? [`its probe '${probe.type}' has no barrier to answer it; serve it with { transaction: 'none' }`]
    : [
        `its probe '${probe.type}' is served by ${served?.place} without a barrier; leave out the handler, the barrier knows`,
      ];
}

function rejectionsOf({ rejections }: CommandContract): string {
  return rejections.length === 0 ? 'none' : rejections.toSorted().join(', ');
}
