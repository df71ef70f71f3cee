import { type AnySaga, type CallHandler, type CallResult, checkJson, isRecord } from '@skald/core';
import { validateData } from '@skald/ports';

/**
 * A definition whose answers to calls are checked against the `reply` of their contracts: what that does not declare is left
 * out of an answer, and a handler whose answer does not fit throws.
 */
export function withCheckedAnswers<S extends AnySaga>(definition: S): S {
  return { ...definition, calls: definition.calls.map(checkedHandler) };
}

function checkedHandler(handler: CallHandler): CallHandler {
  const { call } = handler;
  return {
    ...handler,
    handle(data, request): CallResult {
      const result: unknown = handler.handle(data, request);
      // What is neither an answer nor a rejection is told by whoever asked.
      if (!isRecord(result) || 'reject' in result) return result as CallResult;
      const what = `the answer to '${call.name}'`;
      checkJson(result['answer'], what);
      // What has a `toJSON` is what that gives.
      const checked = validateData(call.reply, JSON.parse(JSON.stringify(result['answer'])));
      if ('data' in checked) return { ...result, answer: checked.data };
      throw new Error(`${what} does not fit its contract: ${checked.problems.join('; ')}`);
    },
  };
}
